using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core.Internal.Http;
using Microsoft.Extensions.Options;

namespace Notifier.Relay.Connections;

/// <summary>Looks at the first request of a new connection without taking it, and makes a WebSocket of it where it is one that is admitted.</summary>
internal sealed class Upgrades(ConnectEndpoint endpoint, ReadyQueue ready, IOptions<RelayOptions> options)
{
    private const int MaxHead = 8192;
    private static readonly byte[] RequestLine = Encoding.ASCII.GetBytes($"GET {Handshake.Path} HTTP/1.1\r\n");

    private readonly HttpParser<Headers> _parser = new();

    /// <returns>False: the connection is Kestrel's, and nothing was read of it. True: it was a WebSocket, and has ended.</returns>
    public async Task<bool> TakeAsync(Socket socket)
    {
        if (await AnswerAsync(socket) is not { } answer) return false;
        using (socket)
        {
            socket.Send(answer); // a new socket has room for it
            await endpoint.RunAsync(socket);
        }
        return true;
    }

    /// <returns>Null: not a WebSocket, or not plainly one that is admitted.</returns>
    private async Task<byte[]?> AnswerAsync(Socket socket)
    {
        using var patience = new CancellationTokenSource(options.Value.HelloTimeout);
        await using (patience.Token.UnsafeRegister(static silent => ConnectEndpoint.Shut((Socket)silent!), socket)) await ready.UntilAsync(socket, () => false);
        var buffer = ArrayPool<byte>.Shared.Rent(MaxHead);
        try
        {
            var length = socket.Receive(buffer, 0, MaxHead, SocketFlags.Peek); // there is something, or it has ended: nobody waits
            if (Read(buffer.AsSpan(0, length), out var head) is not { } headers || !endpoint.Admits(headers, (socket.RemoteEndPoint as IPEndPoint)?.Address)) return null;
            socket.Receive(buffer, 0, head, SocketFlags.None); // all of it is there; now it is taken
            return Encoding.ASCII.GetBytes(
                $"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {Handshake.Accept(headers.SecWebSocketKey!)}\r\nSec-WebSocket-Protocol: {Handshake.Protocol}\r\n\r\n");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <param name="length">Of the request's head, with the empty line.</param>
    /// <returns>Null: another request, one that has a body, or whose head is not here whole.</returns>
    private IHeaderDictionary? Read(ReadOnlySpan<byte> request, out int length)
    {
        length = 0;
        if (!request.StartsWith(RequestLine)) return null;
        try
        {
            var headers = new Headers();
            var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(request[RequestLine.Length..].ToArray()));
            if (!_parser.ParseHeaders(headers, ref reader)) return null;
            length = RequestLine.Length + (int)reader.Consumed;
            return headers.All.Host.Count == 1 && headers.All.ContentLength is null && headers.All.TransferEncoding.Count == 0 ? headers.All : null;
        }
        catch (Exception e) when (e is BadHttpRequestException or InvalidOperationException)
        {
            return null; // Kestrel will say what is wrong
        }
    }

    private sealed class Headers : IHttpHeadersHandler, IHttpRequestLineHandler
    {
        public IHeaderDictionary All { get; } = new HeaderDictionary();

        public void OnHeader(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => All.Append(Encoding.ASCII.GetString(name), Encoding.Latin1.GetString(value));

        public void OnHeadersComplete(bool endStream)
        {
        }

        public void OnStartLine(HttpVersionAndMethod versionAndMethod, TargetOffsetPathLength targetPath, Span<byte> startLine) => throw new NotSupportedException("The request line is read by itself.");

        public void OnStaticIndexedHeader(int index) => throw new NotSupportedException("This is HTTP/2's.");

        public void OnStaticIndexedHeader(int index, ReadOnlySpan<byte> value) => throw new NotSupportedException("This is HTTP/2's.");
    }
}
