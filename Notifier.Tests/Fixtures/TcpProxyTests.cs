using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using Npgsql;

namespace Notifier.Tests.Fixtures;

public sealed class TcpProxyTests(PostgresCluster cluster) : IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task Bytes_pass_both_ways_and_a_half_closed_connection_still_hears_its_answer()
    {
        await using var proxy = Proxy();
        using var pair = await PairAsync(proxy);

        await pair.Client.SendAsync("ask"u8.ToArray(), Stop);
        pair.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal("ask", await ReadAllAsync(pair.Server));
        await pair.Server.SendAsync("answer"u8.ToArray(), Stop);
        pair.Server.Shutdown(SocketShutdown.Send);

        Assert.Equal("answer", await ReadAllAsync(pair.Client));
        Assert.Equal(1, proxy.Connections);
    }

    [Fact]
    public async Task A_cut_resets_both_sides_and_the_next_connection_passes()
    {
        await using var proxy = Proxy();
        using var pair = await PairAsync(proxy);

        proxy.Cut();

        foreach (var side in (Socket[])[pair.Client, pair.Server])
            Assert.Equal(SocketError.ConnectionReset, (await Assert.ThrowsAsync<SocketException>(() => ReadAllAsync(side))).SocketErrorCode);
        using var next = await PairAsync(proxy);
        await next.Client.SendAsync("again"u8.ToArray(), Stop);
        next.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal("again", await ReadAllAsync(next.Server));
    }

    [Fact]
    public async Task Who_is_refused_hears_it_at_once_and_who_was_connected_stays()
    {
        await using var proxy = Proxy();
        using var pair = await PairAsync(proxy);

        await proxy.RefuseAsync();
        using var refused = new TcpClient();
        var fault = await Assert.ThrowsAsync<SocketException>(() => refused.ConnectAsync(IPAddress.Loopback, proxy.Port, Stop).AsTask());
        Assert.Equal(SocketError.ConnectionRefused, fault.SocketErrorCode);
        await pair.Client.SendAsync("still here"u8.ToArray(), Stop);
        pair.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal("still here", await ReadAllAsync(pair.Server));

        proxy.Accept();
        using var welcome = await PairAsync(proxy);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Exactly_as_many_bytes_arrive_as_the_link_lets_through(bool toServer)
    {
        await using var proxy = Proxy();
        (toServer ? proxy.ToServer : proxy.ToClient).CutAfter = 70_000;
        using var pair = await PairAsync(proxy);
        var (from, to) = toServer ? (pair.Client, pair.Server) : (pair.Server, pair.Client);

        var sending = Record.ExceptionAsync(() => from.SendAsync(new byte[1_000_000], Stop).AsTask()).AsTask();

        Assert.Equal(70_000, (await ReadAllAsync(to)).Length);
        await sending.WaitAsync(Soon, Stop);
    }

    [Fact]
    public async Task A_delay_holds_each_way_by_itself()
    {
        await using var proxy = Proxy();
        (proxy.ToServer.Delay, proxy.ToClient.Delay) = (TimeSpan.FromMilliseconds(60), TimeSpan.FromMilliseconds(90));
        using var pair = await PairAsync(proxy);
        var clock = Stopwatch.StartNew();

        await pair.Client.SendAsync("ask"u8.ToArray(), Stop);
        await pair.Server.ReceiveAsync(new byte[10], Stop);
        Assert.InRange(clock.ElapsedMilliseconds, 55, 10_000);
        await pair.Server.SendAsync("answer"u8.ToArray(), Stop);
        await pair.Client.ReceiveAsync(new byte[10], Stop);

        Assert.InRange(clock.ElapsedMilliseconds, 140, 10_000);
    }

    [Fact]
    public async Task A_server_that_is_not_there_ends_the_connection()
    {
        await using var proxy = Proxy();
        _server.Stop();
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, proxy.Port, Stop);

        await Record.ExceptionAsync(() => ReadAllAsync(client.Client)).AsTask().WaitAsync(Soon, Stop);
    }

    [Fact]
    public async Task A_mail_whose_link_breaks_in_the_content_does_not_arrive()
    {
        await using var oracle = await SmtpOracle.StartAsync();
        await using var proxy = new TcpProxy(oracle.Port);
        proxy.ToServer.CutAfter = 2_000;

        await Assert.ThrowsAnyAsync<Exception>(() => SendAsync(proxy));
        Assert.Empty(await oracle.SettledMailsAsync());

        proxy.ToServer.CutAfter = null;
        await SendAsync(proxy);
        Assert.Single(await oracle.SettledMailsAsync());
    }

    [Fact]
    public async Task A_database_that_is_cut_off_is_a_transient_fault_and_comes_back()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        await using var proxy = new TcpProxy(cluster.Port);
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Port = proxy.Port });
        await using var connection = await source.OpenConnectionAsync(Stop);
        await using var command = new NpgsqlCommand("SELECT 1", connection);
        Assert.Equal(1, await command.ExecuteScalarAsync(Stop));

        await proxy.RefuseAsync();
        proxy.Cut();
        Assert.True((await Assert.ThrowsAnyAsync<NpgsqlException>(() => command.ExecuteScalarAsync(Stop))).IsTransient);
        Assert.True((await Assert.ThrowsAnyAsync<NpgsqlException>(() => source.OpenConnectionAsync(Stop).AsTask())).IsTransient);

        proxy.Accept();
        await using var again = await source.OpenConnectionAsync(Stop);
    }

    private TcpProxy Proxy()
    {
        _server.Start();
        return new TcpProxy(((IPEndPoint)_server.LocalEndpoint).Port);
    }

    private async Task<Pair> PairAsync(TcpProxy proxy)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPAddress.Loopback, proxy.Port, Stop);
        return new Pair(client, await _server.AcceptSocketAsync(Stop).AsTask().WaitAsync(Soon, Stop));
    }

    private static async Task<string> ReadAllAsync(Socket socket)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[4096];
        while (await socket.ReceiveAsync(buffer, Stop).AsTask().WaitAsync(Soon, Stop) is > 0 and var length)
            bytes.Write(buffer, 0, length);
        return Encoding.ASCII.GetString(bytes.ToArray());
    }

    private static async Task SendAsync(TcpProxy proxy)
    {
        using var client = new SmtpClient();
        await client.ConnectAsync("127.0.0.1", proxy.Port, SecureSocketOptions.None, Stop);
        await client.SendAsync(
            new MimeMessage([MailboxAddress.Parse("hello@acme.example")], [MailboxAddress.Parse("bob@example.org")], "long", new TextPart("plain") { Text = new string('x', 5_000) }), Stop);
    }

    private sealed record Pair(Socket Client, Socket Server) : IDisposable
    {
        public void Dispose()
        {
            Client.Dispose();
            Server.Dispose();
        }
    }
}
