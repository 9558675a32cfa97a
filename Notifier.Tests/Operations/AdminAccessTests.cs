using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Notifier.Worker.Operations;
using Xunit;

namespace Notifier.Tests.Operations;

public sealed class AdminAccessTests
{
    private static readonly AdminOptions Unset = new(null, null);

    [Theory]
    [InlineData("127.0.0.1", "localhost:5080")]
    [InlineData("127.0.0.1", "127.0.0.1:5080")]
    [InlineData("::1", "[::1]:5080")]
    [InlineData("::ffff:127.0.0.1", "localhost")]
    public void In_development_without_a_password_the_machine_itself_is_let_in(string remote, string host) =>
        Assert.True(Access(Unset, "Development").IsOpenTo(Request(remote, host)));

    [Theory]
    [InlineData("10.1.2.3", "localhost")]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData(null, "localhost")]
    [InlineData("127.0.0.1", "evil.example")]
    [InlineData("127.0.0.1", "localhost.evil.example")]
    [InlineData("127.0.0.1", "")]
    public void Nobody_else_is(string? remote, string host) => Assert.False(Access(Unset, "Development").IsOpenTo(Request(remote, host)));

    [Theory]
    [InlineData("X-Forwarded-For", "127.0.0.1")]
    [InlineData("X-Forwarded-Host", "localhost")]
    [InlineData("X-Original-For", "10.1.2.3:1234")]
    [InlineData("Forwarded", "for=127.0.0.1")]
    [InlineData("Via", "1.1 proxy")]
    public void Not_even_through_a_proxy_on_the_machine(string header, string value)
    {
        var request = Request("127.0.0.1", "localhost");
        request.Request.Headers[header] = value;

        Assert.False(Access(Unset, "Development").IsOpenTo(request));
    }

    [Theory]
    [InlineData("Production")]
    [InlineData("Staging")]
    public void Outside_development_nobody_is_let_in_without_a_password(string environment)
    {
        var access = Access(Unset, environment);

        Assert.False(access.IsOpenTo(Request("127.0.0.1", "localhost")));
        Assert.Contains("Admin__User", access.Refusal(Request("127.0.0.1", "localhost")), StringComparison.Ordinal);
        Assert.False(access.IsAdmin("", ""));
    }

    [Fact]
    public void A_password_that_is_set_is_asked_for_in_development_too() =>
        Assert.False(Access(new AdminOptions("ada", "secret"), "Development").IsOpenTo(Request("127.0.0.1", "localhost")));

    [Theory]
    [InlineData("ada", "secret", true)]
    [InlineData("ada", "Secret", false)]
    [InlineData("Ada", "secret", false)]
    [InlineData("ada", "", false)]
    [InlineData("", "secret", false)]
    public void User_and_password_must_both_be_right(string user, string password, bool expected) =>
        Assert.Equal(expected, Access(new AdminOptions("ada", "secret"), "Production").IsAdmin(user, password));

    private static AdminAccess Access(AdminOptions options, string environment) =>
        new(options, new HostingEnvironment { EnvironmentName = environment, ContentRootFileProvider = new NullFileProvider() });

    private static DefaultHttpContext Request(string? remote, string host) => new()
    {
        Connection = { RemoteIpAddress = remote is null ? null : IPAddress.Parse(remote) },
        Request = { Host = new HostString(host) },
    };
}
