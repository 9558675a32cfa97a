using System.Text.Json;
using Xunit;

namespace Notifier.Tests.Api;

/// <summary>What came back.</summary>
internal sealed record Answer(int Status, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public string? Header(string name) => Headers.GetValueOrDefault(name);

    /// <summary>A problem of this status (RFC 9457) that blames this member.</summary>
    public string AssertProblem(int status, string? member = null)
    {
        Assert.Equal(status, Status);
        Assert.Equal("application/problem+json", Header("Content-Type"));
        using var problem = JsonDocument.Parse(Body);
        Assert.Equal(status, problem.RootElement.GetProperty("status").GetInt32());
        Assert.Equal(member, problem.RootElement.TryGetProperty("member", out var named) ? named.GetString() : null);
        return problem.RootElement.GetProperty("detail").GetString()!;
    }
}
