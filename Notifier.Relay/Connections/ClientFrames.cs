using System.Text;
using Microsoft.Extensions.Options;
using Notifier.Domain;
using Notifier.Relay.Fanout;
using Notifier.Relay.Outcomes;

namespace Notifier.Relay.Connections;

/// <summary>Does what a client's frame asks.</summary>
internal sealed class ClientFrames(IOptions<ConnectOptions> connect, TimeProvider clock, ConnectionTable table, Switchboard switchboard, OutcomeJournal outcomes)
{
    [ThreadStatic]
    private static List<(Publication Publication, int Place)>? _opened;

    private readonly byte[] _key = Encoding.UTF8.GetBytes(connect.Value.SigningKey ?? "");

    /// <param name="trusted">Who the connection belongs to, where that is known without <c>hello</c>'s token.</param>
    public void Take(Connection connection, ReadOnlySpan<byte> payload, ConnectToken? trusted = null)
    {
        if (connection.SaidHello && ClientFrame.IsPlainAck(payload, out var offset))
        {
            Acknowledge(connection, offset);
            return;
        }
        if (ClientFrame.Read(payload) is not { } frame)
        {
            connection.Close(CloseCode.BadRequest);
            return;
        }
        if (!connection.SaidHello)
        {
            if (frame.Kind == ClientFrameKind.Hello && frame.Fault is null) Hello(connection, frame, trusted);
            else connection.Close(CloseCode.BadRequest);
            return;
        }
        if (frame.Fault is { } fault)
        {
            connection.Send(RelayFrames.Error("bad_frame", fault));
            return;
        }
        switch (frame.Kind)
        {
            case ClientFrameKind.Ack:
                Acknowledge(connection, frame.Offset!.Value);
                break;
            case ClientFrameKind.Unread:
                connection.PassOver(frame.Offset!.Value);
                break;
            case ClientFrameKind.Pong:
                connection.Ponged();
                break;
            case ClientFrameKind.Ping:
                connection.Send(RelayFrames.Pong);
                break;
            case ClientFrameKind.Pres:
                NotePresence(connection, frame);
                switchboard.PresenceChanged(connection);
                break;
            case ClientFrameKind.Typing:
                switchboard.Typing(connection, frame.Conversation!);
                break;
            case ClientFrameKind.Seen:
                switchboard.Seen(connection, frame.Conversation!, frame.Seq!.Value, frame.Cid!);
                break;
            case ClientFrameKind.Auth:
                Renew(connection, frame.Token!);
                break;
            case ClientFrameKind.Bye:
                connection.LeavesForGood = true;
                break;
            case ClientFrameKind.Hello:
                connection.Send(RelayFrames.Error("bad_frame", "hello was said already"));
                break;
            default:
                connection.Send(RelayFrames.Error("unknown_frame", "this kind of frame is not known here"));
                break;
        }
    }

    /// <summary>The token of a bearer, or of a frame.</summary>
    public ConnectToken? Read(string token, out ConnectTokenFault fault) => ConnectToken.Read(token, _key, clock.GetUtcNow(), out fault);

    public static CloseCode CodeOf(ConnectTokenFault fault) => fault == ConnectTokenFault.Expired ? CloseCode.TokenExpired : CloseCode.BadToken;

    public void Acknowledge(Connection connection, long offset)
    {
        var opened = _opened ??= [];
        connection.Acknowledge(offset, opened);
        if (connection.Person is { } person)
            foreach (var (publication, place) in opened) outcomes.Delivered(publication, place, person);
        opened.Clear();
    }

    private void Hello(Connection connection, ClientFrame hello, ConnectToken? trusted)
    {
        var fault = ConnectTokenFault.NotSigned;
        if ((trusted ?? (hello.Token is null ? null : Read(hello.Token, out fault))) is not { } token)
        {
            connection.Close(CodeOf(fault));
            return;
        }
        if (table.IsDraining || table.IsOverfull)
        {
            connection.Close(table.IsDraining ? CloseCode.Drain : CloseCode.OverCapacity);
            return;
        }
        connection.SaidHello = true;
        connection.Token = token;
        connection.Device = hello.Device;
        NotePresence(connection, hello);
        switchboard.Join(connection, hello.Resume, hello.Unread);
    }

    private void Renew(Connection connection, string text)
    {
        if (Read(text, out var fault) is not { } token) connection.Close(CodeOf(fault));
        else if (token.Owner != connection.Token!.Owner) connection.Close(CloseCode.BadToken);
        else connection.Token = token;
    }

    private void NotePresence(Connection connection, ClientFrame frame)
    {
        connection.State = frame.State ?? Presence.Idle;
        connection.Conversation = frame.Conversation;
        connection.LastActive = clock.GetUtcNow() - TimeSpan.FromSeconds(Math.Min(frame.Idle, 86_400 * 30));
    }
}
