using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Notifier.Domain.WebPush;
using Notifier.Worker.WebPush;

namespace Notifier.Benchmarks.WebPush;

/// <summary>Our side: complete requests, from a subscription's text to a message that <see cref="HttpClient"/> would send.</summary>
internal static class RequestSide
{
    public static int Run(string path)
    {
        if (path == "native" && !NativeKeyAgreement.Works)
        {
            Console.Error.WriteLine("OpenSSL 3 is not here: the native path cannot be measured.");
            return 1;
        }
        MessageEncryption.Agreement agree = path == "native" ? NativeKeyAgreement.Agree : KeyAgreement.AgreePortably;
        // More than are kept: each is met anew. Otherwise each has been met before.
        var devices = path == "portable-cold" ? PeerKeys.MostKept * 2 : 1000;
        var keys = VapidKeys.Generate();
        var options = Options.Create(new WebPushOptions { PublicKey = keys.PublicKey, PrivateKey = keys.PrivateKey, Subject = "mailto:bench@notifier.example" });
        var tokens = new VapidTokens(options, TimeProvider.System);
        var subscriptions = Enumerable.Range(0, devices).Select(Subscription).ToArray();
        var payload = Encoding.UTF8.GetBytes(new string('x', 200));

        var next = 0;
        while (Console.ReadLine() is { } order)
        {
            var pieces = int.Parse(order, CultureInfo.InvariantCulture);
            using var process = Process.GetCurrentProcess();
            var (cpu, bytes) = (process.TotalProcessorTime, GC.GetTotalAllocatedBytes());
            for (var i = 0; i < pieces; i++)
            {
                var (endpoint, p256dh, auth) = subscriptions[next++ % subscriptions.Length];
                var subscription = PushSubscription.FromStored(endpoint, Base64Url.DecodeFromChars(p256dh), Base64Url.DecodeFromChars(auth));
                var message = new PushMessage(payload, TimeSpan.FromHours(24), Urgency.High, "e7szy1LUT-UYFX1qrf2QV0GnXPWuHXmF");
                using var request = PushRequest.Of(subscription, message, MessageEncryption.Encrypt(subscription, payload, agree), tokens.For(subscription.Origin));
            }
            process.Refresh();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(process.TotalProcessorTime - cpu).TotalMicroseconds} {GC.GetTotalAllocatedBytes() - bytes}"));
        }
        return 0;
    }

    private static (string Endpoint, string P256dh, string Auth) Subscription(int i)
    {
        using var key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        return ($"https://fcm.googleapis.com/fcm/send/{i}-{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(96))}",
            Base64Url.EncodeToString(P256Point.Export(key.ExportParameters(false).Q)), Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)));
    }
}
