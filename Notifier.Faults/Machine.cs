using Notifier.Faults.Stage;

namespace Notifier.Faults;

/// <summary>Whether this machine ran while it was watched: leases of seconds prove nothing where a process is given no processor for as long.</summary>
internal sealed class Machine
{
    /// <summary>Two casts at once keep about two of them busy or waiting for each core.</summary>
    private const double MostRunnablePerCore = 5;

    private double _runnable;
    private int _samples;

    /// <summary>In seconds, the longest that a timer and a question without locks took more than they should.</summary>
    public double Stall { get; private set; }

    private double RunnablePerCore => _samples == 0 ? 0 : _runnable / _samples / Environment.ProcessorCount;

    /// <summary>Null: it ran; else how it did not.</summary>
    public string? Doubt =>
        Stall > Pace.Lease.TotalSeconds / 4 ? $"this machine stood still for {Stall:0.0} s"
        : RunnablePerCore > MostRunnablePerCore ? $"this machine was busy elsewhere: {RunnablePerCore:0} processes for each core"
        : null;

    public void Sample(double late)
    {
        Stall = Math.Max(Stall, late);
        if (File.ReadLines("/proc/stat").FirstOrDefault(line => line.StartsWith("procs_running ", StringComparison.Ordinal)) is not { } running) return;
        _runnable += double.Parse(running.AsSpan("procs_running ".Length), System.Globalization.CultureInfo.InvariantCulture);
        _samples++;
    }
}
