namespace Notifier.Faults;

/// <summary>Numbers at random, the same for the same seed on any machine (SplitMix64).</summary>
internal sealed class Seeded(ulong seed)
{
    private ulong _state = seed;

    public int Below(int limit) => (int)(Next() % (ulong)limit);

    public bool Chance(int percent) => Below(100) < percent;

    public T Of<T>(IReadOnlyList<T> choices) => choices[Below(choices.Count)];

    public TimeSpan Between(double from, double to) => TimeSpan.FromSeconds(from + (to - from) * Below(1 << 20) / (1 << 20));

    /// <summary>Another sequence, so that what draws from it does not disturb this one.</summary>
    public Seeded Branch() => new(Next());

    private ulong Next()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
