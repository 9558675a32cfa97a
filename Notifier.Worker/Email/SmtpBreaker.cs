using Notifier.Domain.Email;

namespace Notifier.Worker.Email;

/// <summary>
/// Keeps us from knocking on a server that will not have us: wrong credentials or a wrong certificate stay wrong for every mail, and servers lock accounts that try
/// too often. Opens at the first such fault, for a pause that doubles with each that follows.
/// </summary>
internal sealed class SmtpBreaker(EmailOptions options, TimeProvider time)
{
    private const int MostDoublings = 4;

    private readonly Lock _lock = new();
    private SmtpOutcome.TransportDown? _fault;
    private long _since;
    private int _faults;

    /// <summary>The fault that keeps new connections from being opened now; null: none does.</summary>
    public SmtpOutcome.TransportDown? Holding()
    {
        lock (_lock) return _fault is not null && time.GetElapsedTime(_since) < options.FaultPause * (1 << Math.Min(_faults - 1, MostDoublings)) ? _fault : null;
    }

    /// <param name="outcome">How a connection's opening ended; null: well.</param>
    public void Opened(SmtpOutcome? outcome)
    {
        lock (_lock)
        {
            if (outcome is SmtpOutcome.TransportDown { Phase: SmtpPhase.Tls or SmtpPhase.Authenticate } fault) (_fault, _since, _faults) = (fault, time.GetTimestamp(), _faults + 1);
            else if (outcome is null) (_fault, _faults) = (null, 0);
        }
    }
}
