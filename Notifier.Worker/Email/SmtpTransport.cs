using Microsoft.Extensions.Options;
using MimeKit;
using Notifier.Domain.Email;

namespace Notifier.Worker.Email;

/// <summary>Sends over a bounded pool of SMTP connections. Safe to call from many threads; what is over the bound waits.</summary>
internal sealed partial class SmtpTransport(IOptions<EmailOptions> options, TimeProvider time, ILogger<SmtpTransport> logger)
    : IMailTransport, IAsyncDisposable
{
    private static readonly TimeSpan QuitWithin = TimeSpan.FromSeconds(2);

    private readonly EmailOptions _options = options.Value;
    private readonly SmtpPool _pool = new(options.Value, time);
    private readonly SmtpBreaker _breaker = new(options.Value, time);
    private readonly DomainRate _rates = new(options.Value, time);

    public async Task<SmtpOutcome> SendAsync(
        MimeMessage message, MailboxAddress envelopeFrom, MailboxAddress envelopeTo, Func<bool> lastLook, CancellationToken cancellation)
    {
        if (_rates.Enter(envelopeTo.Domain) is { } held)
            return new SmtpOutcome.Held(held);
        await _pool.EnterAsync(cancellation);
        try
        {
            if (await _pool.TakeAsync(cancellation) is { } pooled)
            {
                var outcome = await CarryAsync(pooled, message, envelopeFrom, envelopeTo, lastLook, cancellation);
                // The server hung up while the connection lay idle, which shows only now. The mail never met a server: no attempt.
                if (outcome is not SmtpOutcome.TransportDown || pooled.WasAlive)
                    return outcome;
            }

            return await CarryAnewAsync(message, envelopeFrom, envelopeTo, lastLook, cancellation);
        }
        finally
        {
            _pool.Leave();
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var timeout = new CancellationTokenSource(QuitWithin, time);
        await _pool.QuitAsync(timeout.Token);
        _pool.Dispose();
    }

    private async Task<SmtpOutcome> CarryAnewAsync(
        MimeMessage message, MailboxAddress envelopeFrom, MailboxAddress envelopeTo, Func<bool> lastLook, CancellationToken cancellation)
    {
        if (_breaker.Holding() is { } holding)
            return holding;
        var connection = new SmtpConnection(_options, time);
        ConnectFault? fault = null;
        var open = false;
        try
        {
            fault = await connection.OpenAsync(cancellation);
            open = fault is null;
            _breaker.Opened(fault?.Outcome);
        }
        finally
        {
            if (!open)
                connection.Dispose();
        }

        if (fault is null)
            return await CarryAsync(connection, message, envelopeFrom, envelopeTo, lastLook, cancellation);
        if (fault.Outcome is SmtpOutcome.TransportDown down)
            ServerUnusable(_options.Host!, _options.EffectivePort, down.Phase, fault.Reason);
        return fault.Outcome;
    }

    private async Task<SmtpOutcome> CarryAsync(
        SmtpConnection connection, MimeMessage message, MailboxAddress from, MailboxAddress to, Func<bool> lastLook, CancellationToken cancellation)
    {
        SmtpOutcome? outcome = null;
        try
        {
            return outcome = await connection.SendAsync(message, from, to, lastLook, cancellation);
        }
        finally
        {
            if (outcome is null || !IsWorthKeeping(outcome) || !connection.IsConnected)
                connection.Dispose();
            else if (connection.IsWornOut)
                await QuitAsync(connection);
            else
                _pool.Put(connection);
        }
    }

    private async Task QuitAsync(SmtpConnection connection)
    {
        using var timeout = new CancellationTokenSource(QuitWithin, time);
        try
        {
            await connection.QuitAsync(timeout.Token);
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException or MailKit.ProtocolException or MailKit.CommandException)
        {
            connection.Dispose(); // it is on its way out anyway
        }
    }

    // MailKit leaves IsConnected true after a 421, so the answer decides; where there was none, nothing vouches for the connection.
    private static bool IsWorthKeeping(SmtpOutcome outcome) => outcome switch
    {
        SmtpOutcome.Sent or SmtpOutcome.Cancelled or SmtpOutcome.AddressRejected => true,
        SmtpOutcome.MessageRejected or SmtpOutcome.OurFault => true,
        SmtpOutcome.Transient { Reply: { Status: not 421 } } => true,
        _ => false,
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "Mail server {Host}:{Port} cannot be used, at {Phase}: {Reason}")]
    private partial void ServerUnusable(string host, int port, SmtpPhase phase, string reason);
}
