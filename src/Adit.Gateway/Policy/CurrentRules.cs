using Adit.Gateway.Configuration;
using Adit.OpenSsh;
using Adit.Ssh.Messages.Connection;

namespace Adit.Gateway.Policy;

/// <summary>What holds for one connection at each moment: made anew when the configuration has changed. Safe to use from several threads.</summary>
/// <param name="configuration">The configuration of this moment.</param>
/// <param name="subject">What Match blocks are asked about.</param>
/// <param name="options">What the user's key allows.</param>
internal sealed class CurrentRules(Func<GatewayConfiguration> configuration, Func<ConnectionSubject?> subject, Func<KeyOptions> options)
{
    private readonly Lock _sync = new();
    private ConnectionRules? _rules;

    /// <summary>Admits what may be opened as of then, with its time limits.</summary>
    public OpenAdmission Admission(TimeProvider time) =>
        new(() => Now.Policy, target => Now.Terms(target.IsUnix ? DirectStreamLocal.ChannelType : DirectTcpip.ChannelType, time));

    /// <summary>As of now.</summary>
    public ConnectionRules Now
    {
        get
        {
            GatewayConfiguration now = configuration();
            lock (_sync)
            {
                if (_rules is null || _rules.From != now)
                    _rules = ConnectionRules.Of(now, subject(), options());
                return _rules;
            }
        }
    }
}
