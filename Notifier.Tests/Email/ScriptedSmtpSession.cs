using System.Globalization;
using System.Net.Security;
using System.Text;

namespace Notifier.Tests.Email;

/// <summary>One connection of a <see cref="ScriptedSmtpServer"/>.</summary>
internal sealed class ScriptedSmtpSession(ScriptedSmtpServer server, Stream stream, int number)
{
    private Stream _stream = stream;

    public async Task RunAsync()
    {
        if (!await AnswerAsync("CONNECT", "220 scripted ESMTP"))
            return;
        while (await ReadLineAsync() is { } line)
        {
            var verb = line.Split(' ')[0].ToUpperInvariant();
            server.Lines.Enqueue(line);
            server.Heard.Enqueue($"{number} {verb}");
            var goOn = verb switch
            {
                "EHLO" => await AnswerAsync(verb, Ehlo()),
                "STARTTLS" => await AnswerAsync(verb, "220 go ahead") && await SecureAsync(),
                "AUTH" when server.Scram is { } scram => await ScramAsync(scram, line.Split(' ')[2]),
                "AUTH" => await AnswerAsync(verb, "235 2.7.0 welcome"),
                "DATA" => await DataAsync(),
                "BDAT" => await BdatAsync(int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture)),
                "QUIT" => await AnswerAsync(verb, "221 bye") && false,
                _ => await AnswerAsync(verb, "250 2.0.0 ok"),
            };
            if (!goOn)
                return;
        }
    }

    private string Ehlo()
    {
        string[] lines = ["scripted", .. server.Extensions];
        return string.Join("\r\n", lines.Select((line, i) => $"250{(i == lines.Length - 1 ? ' ' : '-')}{line}"));
    }

    private async Task<bool> SecureAsync()
    {
        var tls = new SslStream(_stream);
        try
        {
            await tls.AuthenticateAsServerAsync(server.Certificate!);
        }
        catch (System.Security.Authentication.AuthenticationException)
        {
            return false;
        }

        _stream = tls;
        return true;
    }

    private async Task<bool> ScramAsync(ScramServer scram, string first)
    {
        await WriteAsync($"334 {Base64(scram.First(Text(first)))}");
        if (await ReadLineAsync() is not { } final) return false;
        if (scram.Final(Text(final)) is { } proof)
        {
            await WriteAsync($"334 {Base64(proof)}");
            if (await ReadLineAsync() is not "") return false;
            await WriteAsync("235 2.7.0 welcome");
        }
        else
        {
            await WriteAsync("535 5.7.8 no");
        }
        return true;

        static string Text(string base64) => Encoding.UTF8.GetString(Convert.FromBase64String(base64));
        static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
    }

    private async Task<bool> DataAsync()
    {
        if (server.Take("DATA") is { } fault)
            return await PlayAsync(fault);
        await WriteAsync("354 end with a dot");
        if (server.Take("CONTENT") is { } cut)
            return await PlayAsync(cut);
        var message = new StringBuilder();
        while (await ReadLineAsync() is { } line)
        {
            if (line != ".")
            {
                message.Append(line.StartsWith('.') ? line[1..] : line).Append("\r\n");
                continue;
            }

            return await TakeAsync(Encoding.Latin1.GetBytes(message.ToString()));
        }

        return false;
    }

    private async Task<bool> BdatAsync(int size)
    {
        if (server.Take("CONTENT") is { } cut)
            return await PlayAsync(cut);
        var content = new byte[size];
        await _stream.ReadExactlyAsync(content);
        return await TakeAsync(content);
    }

    private async Task<bool> TakeAsync(byte[] message)
    {
        if (server.AtDot is { } atDot)
            await atDot();
        var refusal = server.Take(".");
        if (refusal is null || server.KeepsInSpiteOfFault)
            server.Kept.Enqueue(message);
        if (refusal is not null)
            return await PlayAsync(refusal);
        await WriteAsync($"250 2.0.0 queued as {number}.{server.Kept.Count}");
        return true;
    }

    private async Task<bool> AnswerAsync(string step, string yes)
    {
        if (server.Take(step) is { } fault)
            return await PlayAsync(fault);
        await WriteAsync(yes);
        return true;
    }

    private async Task<bool> PlayAsync(Fault fault)
    {
        if (fault.Answer is not null)
            await WriteAsync(fault.Answer);
        if (fault.Then == Ending.Hang)
            while (await ReadLineAsync() is not null)
            {
                // Until the client gives up.
            }

        return fault.Then == Ending.GoOn;
    }

    private Task WriteAsync(string line) => _stream.WriteAsync(Encoding.Latin1.GetBytes(line + "\r\n")).AsTask();

    // Byte by byte: nothing may be read ahead of a TLS handshake.
    private async Task<string?> ReadLineAsync()
    {
        var line = new StringBuilder();
        var octet = new byte[1];
        while (await _stream.ReadAsync(octet) == 1)
        {
            if (octet[0] == '\n')
                return line.ToString().TrimEnd('\r');
            line.Append((char)octet[0]);
        }

        return null;
    }
}
