using System.Runtime.Versioning;
using Adit.Platform;
using Microsoft.Win32.SafeHandles;

namespace Adit.Mux;

/// <summary>A client's standard input, output and error in the master. It owns them; the client has its own beside these.</summary>
[SupportedOSPlatform("linux")]
internal sealed class MuxStandardStreams : IDisposable
{
    /// <summary>Takes the descriptors over.</summary>
    internal MuxStandardStreams(SafeFileHandle input, SafeFileHandle output, SafeFileHandle error, DescriptorWaiter waiter) =>
        (Input, Output, Error) = (DescriptorStream.Reader(input, waiter), DescriptorStream.Writer(output, waiter), DescriptorStream.Writer(error, waiter));

    /// <summary>Standard input; possibly a terminal.</summary>
    public DescriptorStream Input { get; }

    /// <summary>Standard output.</summary>
    public DescriptorStream Output { get; }

    /// <summary>Standard error.</summary>
    public DescriptorStream Error { get; }

    /// <summary>Closes them.</summary>
    public void Dispose()
    {
        Input.Dispose();
        Output.Dispose();
        Error.Dispose();
    }
}
