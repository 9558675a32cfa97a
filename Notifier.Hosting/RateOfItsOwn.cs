namespace Notifier.Hosting;

/// <summary>Metadata of a route that bounds by itself what good keys may send it, such as by what waits. Who has no good key is counted there as anywhere.</summary>
internal sealed record RateOfItsOwn;
