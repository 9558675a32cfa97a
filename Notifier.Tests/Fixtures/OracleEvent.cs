using System.Text;
using MimeKit;

namespace Notifier.Tests.Fixtures;

/// <summary>A line that the oracle wrote.</summary>
/// <param name="Event">ready, ack, connection, closed, command, reached or mail.</param>
/// <param name="Connection">Connections are counted from 1.</param>
public sealed record OracleEvent(
    string Event, int Connection, int Id, int Port, int Fault, string? Verb, string? Argument, string? MailFrom, string[]? RcptTo, byte[]? Message)
{
    public override string ToString() => $"{Event} {Connection} {Verb} {Argument}{(Event == "reached" ? Fault : null)}{string.Join(' ', RcptTo ?? [])}".TrimEnd();
}

/// <summary>A mail that the oracle kept: the truth about what arrived.</summary>
public sealed record ReceivedMail(int Connection, string MailFrom, string[] RcptTo, byte[] Raw)
{
    public string Text => Encoding.UTF8.GetString(Raw);

    public MimeMessage Message
    {
        get
        {
            using var bytes = new MemoryStream(Raw);
            return MimeMessage.Load(bytes);
        }
    }

    public override string ToString() => $"to {string.Join(' ', RcptTo)}: {Message.Subject} {Message.MessageId}";
}
