using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace Notifier.Relay.Connections;

/// <summary>
/// Kestrel's listener, with one difference: a connection that begins with the upgrade to a WebSocket never becomes Kestrel's. What HTTP needs for a request
/// would stay in memory as long as the connection lasts, twice as much as the relay needs itself; and what the client sends would pass through a pipe.
/// </summary>
internal sealed partial class FrontDoor(Upgrades upgrades, IOptions<SocketTransportOptions> options, ILoggerFactory logs) : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    private readonly SocketTransportOptions _options = options.Value;

    /// <summary>What is not TCP goes to the next factory.</summary>
    public bool CanBind(EndPoint endpoint) => endpoint is IPEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        Socket socket;
        try
        {
            socket = _options.CreateBoundListenSocket(endpoint);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new AddressInUseException(e.Message, e); // as Kestrel's own says it
        }
        socket.Listen(_options.Backlog);
        var http = new SocketConnectionContextFactory(
            new SocketConnectionFactoryOptions { IOQueueCount = _options.IOQueueCount, UnsafePreferInlineScheduling = _options.UnsafePreferInlineScheduling },
            logs.CreateLogger<SocketConnectionContextFactory>());
        return ValueTask.FromResult<IConnectionListener>(new Listener(socket, http, upgrades, logs.CreateLogger<FrontDoor>()));
    }

    private sealed partial class Listener : IConnectionListener
    {
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

        private readonly Socket _socket;
        private readonly SocketConnectionContextFactory _http;
        private readonly Upgrades _upgrades;
        private readonly ILogger _log;
        private readonly Channel<ConnectionContext> _forKestrel = Channel.CreateUnbounded<ConnectionContext>();
        private readonly Task _accepting;

        public Listener(Socket socket, SocketConnectionContextFactory http, Upgrades upgrades, ILogger log)
        {
            (_socket, _http, _upgrades, _log, EndPoint) = (socket, http, upgrades, log, socket.LocalEndPoint!);
            using (ExecutionContext.SuppressFlow()) _accepting = Task.Run(AcceptAllAsync);
        }

        public EndPoint EndPoint { get; }

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (await _forKestrel.Reader.WaitToReadAsync(cancellationToken))
                if (_forKestrel.Reader.TryRead(out var connection)) return connection;
            return null;
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _socket.Dispose();
            await _accepting;
        }

        public async ValueTask DisposeAsync()
        {
            await UnbindAsync();
            _http.Dispose();
        }

        private async Task AcceptAllAsync()
        {
            while (true)
            {
                try
                {
                    var socket = await _socket.AcceptAsync();
                    _ = ReceiveAsync(socket);
                }
                catch (Exception e) when (e is ObjectDisposedException || e is SocketException { SocketErrorCode: SocketError.OperationAborted or SocketError.Interrupted or SocketError.InvalidArgument })
                {
                    _forKestrel.Writer.TryComplete();
                    return;
                }
                catch (SocketException e)
                {
                    // The client has gone while it waited, which concerns nobody; or there is no descriptor or no memory left, which needs a moment.
                    if (e.SocketErrorCode is not (SocketError.ConnectionReset or SocketError.ConnectionAborted)) await Task.Delay(Pause);
                }
            }
        }

        private async Task ReceiveAsync(Socket socket)
        {
            try
            {
                socket.NoDelay = true;
                if (await _upgrades.TakeAsync(socket)) return;
                var connection = _http.Create(socket);
                if (!_forKestrel.Writer.TryWrite(connection)) await connection.DisposeAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                socket.Dispose(); // it has gone, or has said nothing
            }
            catch (Exception e)
            {
                LogFault(_log, e); // nobody else hears of it
                socket.Dispose();
            }
        }

        [LoggerMessage(Level = LogLevel.Error, Message = "A connection ended by a mistake of the relay; the others go on")]
        private static partial void LogFault(ILogger log, Exception e);
    }
}
