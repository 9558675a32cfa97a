using System.Globalization;
using System.Text;

namespace Notifier.Tests.Browser;

/// <summary>What a process holds in its memory, to look for what should not be there.</summary>
internal sealed class ProcessMemory
{
    private readonly List<byte[]> _regions = [];

    /// <summary>Everything it may write to; what it maps from files is not its own.</summary>
    public static ProcessMemory Of(int process)
    {
        var memory = new ProcessMemory();
        using var file = File.OpenHandle($"/proc/{process}/mem");
        foreach (var line in File.ReadLines($"/proc/{process}/maps"))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (!fields[1].StartsWith("rw", StringComparison.Ordinal)) continue;
            var range = fields[0].Split('-').Select(n => long.Parse(n, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToArray();
            memory.Read(file, range[0], range[1]);
        }
        return memory;
    }

    /// <returns>Whether it is there in UTF-8, and in UTF-16.</returns>
    public bool[] Find(string text) => [Contains(Encoding.UTF8.GetBytes(text)), Contains(Encoding.Unicode.GetBytes(text))];

    private bool Contains(byte[] bytes) => _regions.Any(region => region.AsSpan().IndexOf(bytes) >= 0);

    private void Read(Microsoft.Win32.SafeHandles.SafeFileHandle file, long from, long to)
    {
        const int piece = 64 * 1024 * 1024, overlap = 4096;
        for (var at = from; at < to; at += piece - overlap)
        {
            var region = new byte[Math.Min(piece, to - at)];
            try
            {
                var read = RandomAccess.Read(file, region, at);
                if (read > 0) _regions.Add(region[..read]);
            }
            catch (IOException)
            {
                return; // reserved, and never used
            }
        }
    }
}
