using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Notifier.Domain;
using Notifier.Relay.Fanout;

namespace Notifier.Relay.Connections;

/// <summary><c>/v1/poll</c>: the same frames for who cannot open a WebSocket.</summary>
internal sealed class PollEndpoint
{
    public const int MaxBytes = 256 * 1024;
    private const int MaxFrames = 100;

    private readonly ConcurrentDictionary<string, PollConnection> _byKey = new();
    private readonly ConcurrentDictionary<RecipientKey, PollConnection> _eventsOnly = new();
    private readonly RelayOptions _options;
    private readonly ClientFrames _frames;
    private readonly ConnectionTable _table;
    private readonly Switchboard _switchboard;
    private readonly ConnectRate _rate;
    private readonly Ticker _ticker;

    public PollEndpoint(IOptions<RelayOptions> options, ClientFrames frames, ConnectionTable table, Switchboard switchboard, ConnectRate rate, Ticker ticker) =>
        (_options, _frames, _table, _switchboard, _rate, _ticker) = (options.Value, frames, table, switchboard, rate, ticker);

    /// <summary><c>POST</c>: frames in, frames out.</summary>
    public async Task<IResult> PostAsync(HttpContext http)
    {
        if (Authorize(http, out var token) is { } refusal) return refusal;
        JsonDocument document;
        try
        {
            document = await JsonDocument.ParseAsync(http.Request.Body, new JsonDocumentOptions { MaxDepth = 18 }, http.RequestAborted);
        }
        catch (JsonException e)
        {
            return ApiProblem.Of(StatusCodes.Status400BadRequest, $"$ is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.", "$");
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return ApiProblem.Of(StatusCodes.Status413PayloadTooLarge, $"The body must be at most {MaxBytes / 1024} KiB.");
        }
        using (document)
        {
            var faults = new JsonMembers.Faults();
            var members = new JsonMembers(document.RootElement, "$", faults);
            var key = members.OptionalId("conn");
            var frames = members.Has("frames") ? members.Objects("frames", MaxFrames, mayBeEmpty: true) : [];
            if (faults.First is { } bad) return ApiProblem.Of(StatusCodes.Status400BadRequest, $"{bad}.", bad.Path);
            if (key is null && ConnectEndpoint.RefuseNew(http, _table, _rate) is { } later) return later;
            var connection = key is null ? Open(token!) : _byKey.GetValueOrDefault(key);
            if (connection is null || (key is not null && connection.Token?.Owner != token!.Owner))
                return ApiProblem.Of(StatusCodes.Status404NotFound, "This connection is not known any more: begin again with hello and resume.");
            if (key is not null) connection.Token = token; // each poll brings one, as fresh as it has
            if (frames.Count > 0) Take(connection, document.RootElement.GetProperty("frames"), token!);
            else if (!connection.Asks(_ticker.Now)) connection.Close(CloseCode.RateLimit);
            var news = await connection.TakeAsync(_options.PollWait, _ticker, http.RequestAborted);
            if (connection.IsClosed) Forget(connection);
            return Results.Bytes(Answer(connection.Key, news), "application/json");
        }
    }

    /// <summary><c>GET</c>: events after a position; to ask is to acknowledge what lies before it.</summary>
    public async Task<IResult> GetAsync(HttpContext http)
    {
        if (Authorize(http, out var token) is { } refusal) return refusal;
        var position = ReadPosition(http.Request.Query["after"]);
        var connection = _eventsOnly.GetValueOrDefault(token!.Owner);
        if (connection is null or { IsClosed: true } && ConnectEndpoint.RefuseNew(http, _table, _rate) is { } later) return later;
        if (connection is null or { IsClosed: true }) connection = await OpenEventsAsync(token, position);
        connection.Token = token;
        if (!connection.Asks(_ticker.Now)) return ConnectEndpoint.Later(http, ApiProblem.Of(StatusCodes.Status429TooManyRequests, "Too many polls of this person."));
        if (position is { } known && known.Epoch == _switchboard.Log.Epoch) _frames.Acknowledge(connection, known.Offset);
        for (var waited = false; ; waited = true)
        {
            var news = connection.News; // before the look, so that nothing falls between the two
            var state = await _switchboard.MissedAsync(token.Owner, position);
            if (state.Missed.Events.Count > 0 || state.Missed.Recovery != Recovery.Full || waited || connection.IsClosed)
                return Results.Bytes(Answer(state.Missed, state.Now), "application/json");
            await connection.WaitAsync(news, _options.PollWait, _ticker, http.RequestAborted);
        }
    }

    private PollConnection Open(ConnectToken token)
    {
        var connection = new PollConnection(_ticker.Now, _options) { Log = _switchboard.Log, Key = NewKey(), Token = token, Left = _switchboard.Leave, Abandoned = Forget };
        _byKey[connection.Key] = connection;
        _table.Add(connection);
        return connection;
    }

    private async Task<PollConnection> OpenEventsAsync(ConnectToken token, Position? position)
    {
        var connection = new PollConnection(_ticker.Now, _options) { Log = _switchboard.Log, EventsOnly = true, Token = token, SaidHello = true, State = Presence.Idle, Left = _switchboard.Leave, Abandoned = Forget };
        _eventsOnly[token.Owner] = connection;
        _table.Add(connection);
        _switchboard.Join(connection, position, []);
        await _switchboard.SettledAsync();
        return connection;
    }

    private void Take(PollConnection connection, JsonElement frames, ConnectToken token)
    {
        foreach (var frame in frames.EnumerateArray())
        {
            if (connection.IsClosed) return;
            if (!connection.Asks(_ticker.Now))
            {
                connection.Close(CloseCode.RateLimit);
                return;
            }
            var text = JsonMarshal.GetRawUtf8Value(frame);
            if (text.Length > FrameReader.MaxMessage) connection.Close(CloseCode.BadRequest);
            else _frames.Take(connection, text, token);
        }
    }

    private IResult? Authorize(HttpContext http, out ConnectToken? token)
    {
        var fault = ConnectTokenFault.NotSigned;
        token = BearerHandler.Token(http.Request) is { } text ? _frames.Read(text, out fault) : null;
        // What to do about it differs, as after a close: another token, or never again.
        return token is null ? ApiProblem.With(StatusCodes.Status401Unauthorized, ConnectToken.Describe(fault), ("code", (int)ClientFrames.CodeOf(fault))) : null;
    }

    private void Forget(PollConnection connection)
    {
        _byKey.TryRemove(connection.Key, out _);
        if (connection.Token is { } token) _eventsOnly.TryRemove(KeyValuePair.Create(token.Owner, connection));
        _table.Remove(connection);
    }

    private static string NewKey() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    private static Position? ReadPosition(string? after)
    {
        var parts = after?.Split(':') ?? [];
        if (parts.Length is not (2 or 3) || parts[0].Length == 0 || Number(parts[1]) is not { } offset) return null;
        return new Position(parts[0], offset, parts.Length == 3 ? Number(parts[2]) : null);

        static long? Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    private static byte[] Answer(string key, Frame[] frames) => Write(json =>
    {
        json.WriteString("conn", key);
        Frames(json, frames);
    });

    private static byte[] Answer(Missed missed, Position now) => Write(json =>
    {
        json.WriteString("ep", now.Epoch);
        json.WriteNumber("o", now.Offset);
        json.WriteNumber("x", now.Accepted ?? 0);
        json.WriteString("rec", RelayFrames.Word(missed.Recovery));
        Frames(json, [.. missed.Events.Select(m => m.Publication.Event)]);
    });

    private static void Frames(Utf8JsonWriter json, Frame[] frames)
    {
        json.WriteStartArray("frames");
        foreach (var frame in frames) json.WriteRawValue(frame.Payload.Span, skipInputValidation: true);
        json.WriteEndArray();
    }

    private static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }
}
