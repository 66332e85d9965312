using System.Net;
using Adit.Gateway.Audit;

namespace Adit.Gateway.Access;

/// <summary>The connection of somebody who wants in. Immutable.</summary>
/// <param name="Address">Where the client is.</param>
/// <param name="LocalAddress">Where it came in; null where there is no such place.</param>
/// <param name="LocalPort">Its port there.</param>
/// <param name="Time">The clock.</param>
/// <param name="Report">Takes what happens.</param>
internal sealed record Visitor(IPAddress Address, IPAddress? LocalAddress, int LocalPort, TimeProvider Time, Action<GatewayEvent> Report);
