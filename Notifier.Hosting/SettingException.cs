namespace Notifier.Hosting;

/// <summary>A setting that stops the start: named in its environment form, with the reason.</summary>
public sealed class SettingException(string setting, string reason) : Exception($"{setting} {reason}");
