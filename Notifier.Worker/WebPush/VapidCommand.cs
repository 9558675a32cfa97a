using Notifier.Domain.WebPush;

namespace Notifier.Worker.WebPush;

/// <summary>The command <c>vapid</c>: a new key pair, as settings to paste.</summary>
internal static class VapidCommand
{
    public static int Run(TextWriter output)
    {
        var keys = VapidKeys.Generate();
        output.WriteLine($"WebPush__PublicKey={keys.PublicKey}");
        output.WriteLine($"WebPush__PrivateKey={keys.PrivateKey}");
        return 0;
    }
}
