using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Notifier.Relay;

/// <summary>JSON as the relay says it: text stays text, and only what JSON itself forbids is escaped. None of it is put into a page.</summary>
internal static class RelaxedJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="write">Writes the members of the object.</param>
    public static ReadOnlySpan<byte> Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan;
    }
}
