// A connection through a tunnel as a stream: asks a web server behind an SSH server for a page.
//     dotnet run --project samples/Streams -- joe@foo.com intranet 80
using System.Globalization;
using System.Text;
using Adit;

if (args is not [var destination, var host, var port])
{
    Console.Error.WriteLine("usage: Streams [user@]server host port");
    return 2;
}

try
{
    await using SshTunnel tunnel = await SshTunnel.OpenAsync(destination, new() { Prompt = AskAsync });
    await using TunnelStream stream = await tunnel.ConnectAsync(host, int.Parse(port, CultureInfo.InvariantCulture));
    Console.Error.WriteLine(stream.Route);
    await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET / HTTP/1.0\r\nHost: {host}\r\n\r\n"));
    await stream.CompleteWritesAsync();
    await stream.CopyToAsync(Console.OpenStandardOutput());
    return 0;
}
catch (AditException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

static ValueTask<string?> AskAsync(SshPrompt prompt, CancellationToken cancellationToken)
{
    Console.Error.Write($"{prompt.Text}: ");
    return new(Console.ReadLine());
}
