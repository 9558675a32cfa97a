namespace Notifier.Faults.Stage;

/// <summary>What is tested: the built programs.</summary>
internal sealed record Product(string Worker, string Relay);
