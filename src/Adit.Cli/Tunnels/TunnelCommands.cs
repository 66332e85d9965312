using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Runtime.Versioning;
using System.Text.Json;
using Adit.Client;
using Adit.Mux;
using Adit.OpenSsh;
using Spectre.Console;

namespace Adit.Cli.Tunnels;

/// <summary><c>adit ls</c>, <c>add</c>, <c>cancel</c> and <c>stop</c>: all tunnels of this user, whatever started them.</summary>
[SupportedOSPlatform("linux")]
internal static class TunnelCommands
{
    private const int Failed = 1;
    private const int WidthOfFiles = 4096;
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);

    /// <summary>Runs one of them.</summary>
    /// <param name="args">The arguments, the command's name the first.</param>
    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        ParseResult parsed = Root().Parse(args);
        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception e) when (e is UsageException or MuxException or FormatException)
        {
            await StandardError.Writer.WriteLineAsync($"adit: {e.Message}");
            return Failed;
        }
        catch (OperationCanceledException)
        {
            return 0;
        }
    }

    /// <summary>What can be written. Not System.CommandLine's root, whose name is that of the program's file.</summary>
    internal static Command Root() => new("adit", "Tunnels of this user")
    {
        new HelpOption { Recursive = true },
        List(),
        Change("add", "Adds forwards to a tunnel", AddAsync),
        Change("cancel", "Ends forwards of a tunnel; their connections go on", CancelAsync),
        Stop(),
    };

    private static Command List()
    {
        var json = new Option<bool>("--json") { Description = "Print them as JSON, for programs" };
        var watch = new Option<bool>("--watch", "-w") { Description = "Show them until Ctrl-C, anew each second" };
        var details = new Option<bool>("--connections", "-c") { Description = "Show each connection too" };
        var command = new Command("ls", "Shows the tunnels of this user: forwards, connections, bytes, age, and what is not protected") { json, watch, details };
        command.SetAction(async (parsed, stop) =>
        {
            if (parsed.GetValue(json))
                await PrintJsonAsync(stop);
            else if (parsed.GetValue(watch))
                await WatchAsync(parsed.GetValue(details), stop);
            else
                ConsoleOfFullWidth().Write(TunnelTable.Of(await FindAllAsync(stop), DateTimeOffset.UtcNow, parsed.GetValue(details)));
            return 0;
        });
        return command;
    }

    // Lines for a program are not cut to the width of a terminal that is not there.
    private static IAnsiConsole ConsoleOfFullWidth()
    {
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = WidthOfFiles;
        return AnsiConsole.Console;
    }

    private static Command Change(string name, string description, Func<MuxClient, MuxForward, CancellationToken, Task> change)
    {
        var which = Which();
        var local = new Option<string[]>("-L") { Description = "[bind_address:]port:host:hostport, and all other forms of ssh -L", DefaultValueFactory = static _ => [] };
        var remote = new Option<string[]>("-R") { Description = "As ssh -R", DefaultValueFactory = static _ => [] };
        var dynamic = new Option<string[]>("-D") { Description = "As ssh -D", DefaultValueFactory = static _ => [] };
        var command = new Command(name, description) { which, local, remote, dynamic };
        command.SetAction(async (parsed, stop) =>
        {
            MuxForward[] forwards =
            [
                .. parsed.GetValue(local)!.Select(static text => new MuxForward(ForwardKind.Local, ForwardSpec.ParseLocal(text))),
                .. parsed.GetValue(dynamic)!.Select(static text => new MuxForward(ForwardKind.Dynamic, ForwardSpec.ParseDynamic(text))),
                .. parsed.GetValue(remote)!.Select(static text => new MuxForward(ForwardKind.Remote, ForwardSpec.ParseRemote(text))),
            ];
            if (forwards.Length == 0)
                throw new UsageException($"no forward is given; write adit {name} WHICH -L 5432:localhost:5432");
            RunningTunnel tunnel = await RunningTunnel.FindAsync(parsed.GetValue(which)!, stop);
            using MuxClient master = await MuxClient.ConnectAsync(tunnel.Socket, stop);
            foreach (MuxForward forward in forwards)
                await change(master, forward, stop);
            return 0;
        });
        return command;
    }

    private static async Task AddAsync(MuxClient master, MuxForward forward, CancellationToken stop)
    {
        if (await master.ForwardAsync(forward, stop) is { } port)
            await Console.Out.WriteLineAsync(port.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private static Task CancelAsync(MuxClient master, MuxForward forward, CancellationToken stop) => master.CancelForwardAsync(forward, stop);

    private static Command Stop()
    {
        var which = new Argument<string[]>("WHICH") { Description = "Numbers of processes or destinations, as adit ls shows them", Arity = ArgumentArity.ZeroOrMore };
        var all = new Option<bool>("--all") { Description = "All tunnels of this user" };
        var command = new Command("stop", "Ends tunnels, with all their connections") { which, all };
        command.SetAction(async (parsed, stop) =>
        {
            string[] named = parsed.GetValue(which) ?? [];
            if (named.Length == 0 != parsed.GetValue(all))
                throw new UsageException("say which tunnels to end, or --all");
            List<RunningTunnel> ending = [];
            foreach (string one in named)
                ending.Add(await RunningTunnel.FindAsync(one, stop));
            foreach (RunningTunnel tunnel in parsed.GetValue(all) ? await FindAllAsync(stop) : ending)
            {
                using MuxClient master = await MuxClient.ConnectAsync(tunnel.Socket, stop);
                await master.ExitAsync(stop);
                await StandardError.Writer.WriteLineAsync($"adit: ended {tunnel.Report.Destination} ({tunnel.Report.Pid})");
            }

            return 0;
        });
        return command;
    }

    private static Argument<string> Which() => new("WHICH") { Description = "Number of the process, or the destination, as adit ls shows it" };

    private static Task<IReadOnlyList<RunningTunnel>> FindAllAsync(CancellationToken stop) =>
        RunningTunnel.FindAllAsync(static silent => StandardError.Writer.WriteLine($"adit: {silent}"), stop);

    private static async Task PrintJsonAsync(CancellationToken stop)
    {
        IReadOnlyList<TunnelReport> reports = [.. (await FindAllAsync(stop)).Select(static tunnel => tunnel.Report)];
        await Console.Out.WriteLineAsync(JsonSerializer.Serialize(reports, TunnelReportJson.Default.IReadOnlyListTunnelReport));
    }

    private static async Task WatchAsync(bool details, CancellationToken stop) =>
        await AnsiConsole.Live(new Text(string.Empty)).StartAsync(async context =>
        {
            while (true)
            {
                context.UpdateTarget(TunnelTable.Of(await FindAllAsync(stop), DateTimeOffset.UtcNow, details));
                await Task.Delay(WatchInterval, stop);
            }
        });
}
