using System.CommandLine;
using System.CommandLine.Help;
using System.Security.Cryptography;
using Adit.Certificates;
using Adit.Wording;

namespace Adit.Cli.Certificates;

/// <summary><c>adit cert</c>: makes certificates for TLS, with a small private authority where there are several, and shows what is in them.</summary>
internal static class CertCommand
{
    internal const int Done = 0;
    internal const int Wrong = 1;
    internal const int Failed = 2;

    private const string Description =
        """
        Makes and shows certificates for TLS. Two machines need one made by itself
        (self); for more, make an authority once (ca), which signs one for each server
        and client. Files with keys are readable by you alone, and none is replaced
        without --force. A NAME is a host's name, an address or name@domain; that of
        a client may be a database user. Example:
          adit cert ca
          adit cert server db.example.com 10.0.0.5 --ca ca -o db.pem
          adit cert client joe --ca ca
        Exit code: 0 done, 1 something is wrong with what is shown, 2 failed.
        """;

    /// <summary>Runs it.</summary>
    /// <param name="args">The arguments behind the command's name.</param>
    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        ParseResult parsed = Root().Parse(["cert", .. args]);
        try
        {
            int code = await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
            return parsed.Errors.Count > 0 ? Failed : code;
        }
        catch (Exception e) when (e is UsageException or CertificateException or IOException or UnauthorizedAccessException or CryptographicException)
        {
            await StandardError.Writer.WriteLineAsync($"adit: {Printable.Text(e.Message)}");
            return Failed;
        }
        catch (OperationCanceledException)
        {
            return Failed;
        }
    }

    /// <summary>What can be written.</summary>
    internal static Command Root() => new("adit", "Certificates")
    {
        new HelpOption { Recursive = true },
        new Command("cert", Description) { SelfCommand(), AuthorityCommand(), ServerCommand(), ClientCommand(), RevokeCommand(), ShowCommand() },
    };

    private static Command SelfCommand()
    {
        Argument<string[]> names = Names();
        var settings = new LeafOptions();
        var command = new Command("self", "Makes a certificate that vouches for itself") { names, settings.Output, settings.Days, settings.Rsa, settings.Force };
        command.SetAction(parsed => Making.MakeSelfSigned(parsed.GetValue(names)!, settings.Of(parsed), Console.Out));
        return command;
    }

    private static Command AuthorityCommand()
    {
        var output = new Option<string>("-o") { Description = "The folder to put it in", HelpName = "FOLDER", DefaultValueFactory = static _ => "ca" };
        var name = new Option<string?>("--name") { Description = "Its name", HelpName = "TEXT" };
        var days = new Option<int>("--days") { Description = "How long it holds", HelpName = "N", DefaultValueFactory = static _ => CertificateMaker.UsualAuthorityDays };
        Option<bool> rsa = Rsa();
        Option<bool> force = Force();
        var command = new Command("ca", "Makes a small private authority") { output, name, days, rsa, force };
        command.SetAction(parsed => Making.MakeAuthority(
            parsed.GetValue(output)!, parsed.GetValue(name), KeyKind(parsed.GetValue(rsa)), parsed.GetValue(days), parsed.GetValue(force), Console.Out));
        return command;
    }

    private static Command ServerCommand()
    {
        Argument<string[]> names = Names();
        Option<string> authority = Authority();
        var settings = new LeafOptions();
        var command = new Command("server", "Makes one for a server, signed by the authority") { names, authority, settings.Output, settings.Days, settings.Rsa, settings.Force };
        command.SetAction(parsed => Making.MakeServer(parsed.GetValue(names)!, parsed.GetValue(authority)!, settings.Of(parsed), Console.Out));
        return command;
    }

    private static Command ClientCommand()
    {
        var name = new Argument<string>("NAME") { Description = "Who it is made out to" };
        Option<string> authority = Authority();
        var unit = new Option<string?>("--ou") { Description = "The organizational unit in its subject", HelpName = "TEXT" };
        var uri = new Option<string?>("--uri") { Description = "A URI among its names, as spiffe://db/job", HelpName = "URI" };
        var settings = new LeafOptions();
        var command = new Command("client", "Makes one for a client, signed by the authority") { name, authority, unit, uri, settings.Output, settings.Days, settings.Rsa, settings.Force };
        command.SetAction(parsed => Making.MakeClient(
            parsed.GetValue(name)!, parsed.GetValue(unit), parsed.GetValue(uri), parsed.GetValue(authority)!, settings.Of(parsed), Console.Out));
        return command;
    }

    private static Command RevokeCommand()
    {
        var file = new Argument<string>("FILE") { Description = "The certificate that is to hold no more" };
        Option<string> authority = Authority();
        var command = new Command("revoke", "Puts a certificate on the authority's list of revoked ones") { file, authority };
        command.SetAction(parsed => Making.Revoke(parsed.GetValue(file)!, parsed.GetValue(authority)!, Console.Out));
        return command;
    }

    private static Command ShowCommand()
    {
        var file = new Argument<string>("FILE") { Description = "Certificates, with a key or without" };
        var pem = new Option<bool>("--pem") { Description = "Print its certificates as PEM, without the key, to hand on" };
        var command = new Command("show", "Shows the certificates of a file, and what is wrong with them") { file, pem };
        command.SetAction(parsed => Showing.Show(parsed.GetValue(file)!, parsed.GetValue(pem), DateTimeOffset.UtcNow, Console.Out));
        return command;
    }

    private static Argument<string[]> Names() => new("NAME") { Description = "Who it is made out to", Arity = ArgumentArity.OneOrMore };

    private static Option<string> Authority() => new("--ca") { Description = "The folder of the authority", HelpName = "FOLDER", Required = true };

    private static Option<bool> Rsa() => new("--rsa") { Description = "Make an RSA key of 3072 bits, and not ECDSA P-256" };

    private static Option<bool> Force() => new("--force") { Description = "Replace files that are there" };

    private static CertificateKeyKind KeyKind(bool isRsa) => isRsa ? CertificateKeyKind.Rsa : CertificateKeyKind.Ecdsa;

    // One set for each command: an option belongs to what it was added to.
    private sealed class LeafOptions
    {
        public Option<string?> Output { get; } = new("-o") { Description = "Where to write it; by default to NAME.pem", HelpName = "FILE" };

        public Option<int> Days { get; } = new("--days") { Description = "How long it holds", HelpName = "N", DefaultValueFactory = static _ => CertificateWish.UsualDays };

        public Option<bool> Rsa { get; } = CertCommand.Rsa();

        public Option<bool> Force { get; } = CertCommand.Force();

        public MakingSettings Of(ParseResult parsed) => new(parsed.GetValue(Output), KeyKind(parsed.GetValue(Rsa)), parsed.GetValue(Days), parsed.GetValue(Force));
    }
}
