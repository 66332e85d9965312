using System.Globalization;
using Adit.Stunnel;
using Microsoft.Win32.SafeHandles;

namespace Adit.Cli.Tls;

/// <summary>The command line of <c>adit tls</c> and <c>adit stunnel</c>.</summary>
internal sealed record TlsCommandLine
{
    /// <summary>Behind it stands the number of a descriptor.</summary>
    internal const string Descriptor = "-fd";

    /// <summary>The options of <c>adit tls</c>.</summary>
    internal static readonly string[] Words = [Help, Options, Check, KeepForeground, Descriptor];

    /// <summary>The words of <c>adit stunnel</c>, besides the options of stunnel 3.</summary>
    internal static readonly string[] StunnelWords = [Help, StunnelHelp, StunnelVersion, StunnelOptionList, Descriptor];

    private const string Help = "--help";
    private const string Options = "--options";
    private const string Check = "--check";
    private const string KeepForeground = "--foreground";
    private const string StunnelHelp = "-help";
    private const string StunnelVersion = "-version";
    private const string StunnelOptionList = "-options";

    /// <summary>What to do.</summary>
    public TlsRequest Request { get; private init; }

    /// <summary>The file; null where the configuration comes from elsewhere.</summary>
    public string? ConfigFile { get; private init; }

    /// <summary>The descriptor whose text is the configuration; null for none.</summary>
    public int? ConfigDescriptor { get; private init; }

    /// <summary>The command line of stunnel 3; null for none.</summary>
    public IReadOnlyList<string>? Version3 { get; private init; }

    /// <summary>Whether it stays in the foreground whatever the configuration says.</summary>
    public bool Foreground { get; private init; }

    /// <exception cref="UsageException">It cannot be understood.</exception>
    public static TlsCommandLine Parse(IReadOnlyList<string> args, bool isStunnel)
    {
        if (isStunnel)
        {
            return args switch
            {
                [] => throw new UsageException("the configuration is missing; write adit stunnel FILE, or see adit tls --help"),
                [Help or StunnelHelp or "-h"] => new() { Request = TlsRequest.Help },
                [StunnelVersion or "-V"] => new() { Request = TlsRequest.Version },
                [StunnelOptionList] => new() { Request = TlsRequest.Options },
                [Descriptor, var number] => new() { ConfigDescriptor = Number(number) },
                [['-', _, ..], ..] => new() { Version3 = args },
                _ => Parse(args, isStunnel: false),
            };
        }

        var line = new TlsCommandLine();
        for (int i = 0; i < args.Count; i++)
        {
            line = args[i] switch
            {
                Help or "-h" => line with { Request = TlsRequest.Help },
                Options => line with { Request = TlsRequest.Options },
                Check => line with { Request = TlsRequest.Check },
                KeepForeground => line with { Foreground = true },
                Descriptor => line.From(null, i + 1 < args.Count ? Number(args[++i]) : throw new UsageException($"{Descriptor} needs the number of a descriptor")),
                "-" => line.From(null, 0),
                ['-', ..] => throw new UsageException($"adit tls takes no \"{args[i]}\"; see adit tls --help"),
                var file => line.From(file, null),
            };
        }

        return line.Request is not (TlsRequest.Serve or TlsRequest.Check) || line.ConfigFile is not null || line.ConfigDescriptor is not null
            ? line
            : throw new UsageException("the configuration is missing; write adit tls FILE, or see adit tls --help");
    }

    /// <summary>Reads what is configured. That of a descriptor can be read once.</summary>
    /// <exception cref="StunnelException">It cannot be understood or served.</exception>
    /// <exception cref="IOException">The descriptor cannot be read.</exception>
    public StunnelConfiguration Read()
    {
        if (Version3 is not null)
            return StunnelCommandLine.Parse(Version3);
        if (ConfigDescriptor is not { } descriptor)
            return StunnelFile.Read(ConfigFile!);
        string name = string.Create(CultureInfo.InvariantCulture, $"descriptor {descriptor}");
        try
        {
            using var stream = new FileStream(new SafeFileHandle(descriptor, ownsHandle: false), FileAccess.Read, bufferSize: 0);
            return StunnelFile.Read(stream, name);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new IOException($"{name}: cannot be read: {e.Message}", e);
        }
    }

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= ushort.MaxValue
            ? number
            : throw new UsageException($"{Descriptor} needs the number of a descriptor, not \"{text}\"");

    private TlsCommandLine From(string? file, int? descriptor) => ConfigFile is null && ConfigDescriptor is null
        ? this with { ConfigFile = file, ConfigDescriptor = descriptor }
        : throw new UsageException("adit tls takes one configuration; see adit tls --help");
}
