using System.Text.RegularExpressions;
using Xunit;

namespace Notifier.Tests.Operations;

/// <summary>A page of the dashboard as a browser holds it: with its anti-forgery token.</summary>
internal sealed partial class DashboardPage
{
    private readonly HttpClient _client;
    private readonly string _header, _token;

    private DashboardPage(HttpClient client, string html)
    {
        (_client, Html) = (client, html);
        _header = CsrfHeader().Match(html).Groups[1].Value;
        _token = CsrfToken().Match(html).Groups[1].Value;
    }

    public string Html { get; }

    public static async Task<DashboardPage> OpenAsync(OperationsHost host, string path)
    {
        using var answer = await host.Client.GetAsync(path, TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
        return new DashboardPage(host.Client, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    public async Task<HttpResponseMessage> PostAsync(string command)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, command) { Content = new FormUrlEncodedContent([new("jobs[]", "0")]) };
        request.Headers.Add(_header, _token);
        return await _client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    [GeneratedRegex("name=\"csrf-header\" content=\"([^\"]+)\"")]
    private static partial Regex CsrfHeader();

    [GeneratedRegex("name=\"csrf-token\" content=\"([^\"]+)\"")]
    private static partial Regex CsrfToken();
}
