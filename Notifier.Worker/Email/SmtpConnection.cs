using System.Net.Sockets;
using System.Text;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using Notifier.Domain.Email;
using AuthenticationException = MailKit.Security.AuthenticationException;

namespace Notifier.Worker.Email;

/// <summary>One connection to the server and the mails it carries, one after another. Not thread-safe, as MailKit's client is not.</summary>
internal sealed class SmtpConnection : IDisposable
{
    // A link that a firewall forgot answers nothing at all; past this, another connection is cheaper than more patience.
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(5);

    private readonly EmailOptions _options;
    private readonly TimeProvider _time;
    private readonly SmtpPhaseProbe _probe = new();
    private readonly LastLookClient _client;
    private readonly long _openedAt;
    private int _carried;

    public SmtpConnection(EmailOptions options, TimeProvider time)
    {
        (_options, _time, _openedAt) = (options, time, time.GetTimestamp());
        _client = new LastLookClient(_probe, options.Chunking) { Timeout = (int)options.FinalTimeout.TotalMilliseconds + 1000 };
        ServerTrust.Apply(_client, options.CaFile);
    }

    /// <summary>The last mail met a live connection, whatever became of the mail.</summary>
    public bool WasAlive => _client.SenderAccepted;

    public bool IsConnected => _client.IsConnected;

    public long IdleSince { get; set; }

    /// <summary>It has carried as much, or lived as long, as it may.</summary>
    public bool IsWornOut => _carried >= _options.MessagesPerConnection || _time.GetElapsedTime(_openedAt) >= _options.ConnectionLifetime;

    /// <returns>Null where the connection is ready for mail; else why the server cannot be used.</returns>
    public async Task<ConnectFault?> OpenAsync(CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var timeout = new CancellationTokenSource(_options.ConnectTimeout, _time);
        using var expiry = timeout.Token.Register(deadline.Cancel);
        try
        {
            await _client.ConnectAsync(await ReachAsync(deadline.Token), _options.Host!, _options.EffectivePort, _options.SocketOptions, deadline.Token);
            if (_options.User is null)
                return null;
            var (token, missing) = await AccessToken.ReadAsync(_options, deadline.Token);
            if (missing is not null)
                return new ConnectFault(new SmtpOutcome.TransportDown(SmtpPhase.Authenticate, null), missing);
            if (SaslChoice.For(_client, _options, token) is not { } mechanism)
                return new ConnectFault(new SmtpOutcome.TransportDown(SmtpPhase.Authenticate, null), NoMechanism());
            await _client.AuthenticateAsync(mechanism, deadline.Token);
            // RFC 5802 section 5: the server proves that it knows the password, too. MailKit goes on where that proof is wrong and a 235 follows.
            return mechanism is SaslMechanismScramBase { IsAuthenticated: false }
                ? new ConnectFault(SmtpClassifier.Silence(SmtpPhase.Authenticate), "the server does not know the password itself")
                : null;
        }
        catch (SmtpCommandException refusal)
        {
            var reply = new SmtpReply((int)refusal.StatusCode, refusal.Message);
            return new ConnectFault(SmtpClassifier.Refusal(_probe.Phase, reply), reply.ToString());
        }
        catch (Exception fault) when (fault is SslHandshakeException or NotSupportedException)
        {
            // NotSupported: the server does not offer STARTTLS. Going on in the clear is never the answer.
            return new ConnectFault(SmtpClassifier.Silence(SmtpPhase.Tls), fault.Message);
        }
        catch (Exception fault) when (fault is AuthenticationException or SaslException)
        {
            return new ConnectFault(SmtpClassifier.Silence(SmtpPhase.Authenticate), "authentication failed");
        }
        catch (Exception fault) when (IsLinkFault(fault) && !cancellation.IsCancellationRequested)
        {
            return new ConnectFault(SmtpClassifier.Silence(_probe.Phase), fault.GetType().Name);
        }
    }

    /// <remarks>
    /// MailKit's own sockets leave Nagle's algorithm on (RFC 896). The last block of a message then waits for the acknowledgement of the one before it, which the
    /// server's system holds back for up to 40 ms (RFC 1122 section 4.2.3.2): most of the time that an email takes.
    /// </remarks>
    private async Task<Socket> ReachAsync(CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(_options.Host!, _options.EffectivePort, cancellation);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public async Task<SmtpOutcome> SendAsync(
        MimeMessage message, MailboxAddress from, MailboxAddress to, Func<bool> lastLook, CancellationToken cancellation)
    {
        var international = !Ascii.IsValid(to.LocalPart) || !Ascii.IsValid(from.LocalPart);
        if (international && !_client.Capabilities.HasFlag(SmtpCapabilities.UTF8))
            return new SmtpOutcome.AddressRejected(AddressFault.NeedsSmtpUtf8, null);
        var format = FormatOptions.Default.Clone();
        format.International = international;

        _carried++;
        _probe.BeginMail();
        using var deadline = new CancellationTokenSource(_options.CommandTimeout, _time);
        _probe.Moved = () => deadline.CancelAfter(_probe.Phase == SmtpPhase.FinalDot ? _options.FinalTimeout : _options.CommandTimeout);
        using var stop = cancellation.Register(() =>
        {
            if (!_client.Committed)
                deadline.Cancel();
        });
        try
        {
            return new SmtpOutcome.Sent(await _client.SendAsync(format, message, from, to, lastLook, deadline.Token));
        }
        catch (Exception) when (_client.LastLookFailed)
        {
            // Not the server's doing, though it may look like it: the database has IOExceptions, too.
            throw;
        }
        catch (LastLookClient.Declined)
        {
            return new SmtpOutcome.Cancelled();
        }
        catch (SmtpCommandException refusal)
        {
            return SmtpClassifier.Refusal(PhaseOf(refusal), new SmtpReply((int)refusal.StatusCode, refusal.Message));
        }
        catch (ServiceNotAuthenticatedException refusal)
        {
            return SmtpClassifier.Refusal(SmtpPhase.Authenticate, new SmtpReply(530, refusal.Message));
        }
        catch (Exception fault) when (IsLinkFault(fault) && (_client.Committed || !cancellation.IsCancellationRequested))
        {
            // A write abandoned by its timeout may have carried the dot.
            var abandoned = _probe.InContent && fault is (OperationCanceledException or TimeoutException);
            return SmtpClassifier.Silence(abandoned ? SmtpPhase.FinalDot : _probe.Phase);
        }
        finally
        {
            _probe.Moved = null;
        }
    }

    /// <summary>NOOP: whether the server is still there.</summary>
    public async Task<bool> AnswersAsync(CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(AnswersWithin, _time);
        using var stop = cancellation.Register(timeout.Cancel);
        try
        {
            await _client.NoOpAsync(timeout.Token);
            return true;
        }
        catch (Exception fault) when (fault is SmtpCommandException || (IsLinkFault(fault) && !cancellation.IsCancellationRequested))
        {
            return false;
        }
    }

    public async Task QuitAsync(CancellationToken cancellation)
    {
        await _client.DisconnectAsync(quit: true, cancellation);
        Dispose();
    }

    public void Dispose() => _client.Dispose();

    // MailKit says exactly which command was refused; the probe only knows the write, and MAIL and RCPT are one write with PIPELINING.
    private SmtpPhase PhaseOf(SmtpCommandException refusal) => refusal.ErrorCode switch
    {
        SmtpErrorCode.SenderNotAccepted => SmtpPhase.Mail,
        SmtpErrorCode.RecipientNotAccepted => SmtpPhase.Recipient,
        SmtpErrorCode.MessageNotAccepted => SmtpPhase.FinalDot,
        _ => _probe.Phase,
    };

    private string NoMechanism() => _options.SaslMechanism is { } named
        ? $"the server does not offer {named}, or it is not safe on this link"
        : "no SASL mechanism that is safe on this link";

    private static bool IsLinkFault(Exception fault) => fault
        is IOException or SocketException or SmtpProtocolException or ServiceNotConnectedException or OperationCanceledException or TimeoutException;
}

/// <param name="Outcome">What it means for the mail.</param>
/// <param name="Reason">For the operator; names no person.</param>
internal sealed record ConnectFault(SmtpOutcome Outcome, string Reason);
