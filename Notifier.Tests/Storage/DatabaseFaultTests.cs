using Hangfire;
using Notifier.Worker.Storage;
using Npgsql;

namespace Notifier.Tests.Storage;

public sealed class DatabaseFaultTests
{
    [Theory]
    [InlineData("57P01")] // the server is being restarted, or an administrator ended the session
    [InlineData("57P02")] // another process of the server crashed
    [InlineData("57P03")] // it is starting up
    [InlineData("57014")] // the statement took too long
    [InlineData("25P03")] // we stood still in a transaction for too long
    [InlineData("25006")] // a standby that is not yet the primary
    [InlineData("40P01")]
    [InlineData("40001")]
    [InlineData("53300")]
    [InlineData("08006")]
    public void What_the_server_goes_through_passes(string state) => Assert.True(DatabaseFault.Passes(Of(state)));

    [Theory]
    [InlineData("23505")]
    [InlineData("42P01")]
    [InlineData("22021")]
    public void What_we_did_wrong_does_not(string state) => Assert.False(DatabaseFault.Passes(Of(state)));

    [Fact]
    public void What_Hangfire_went_through_counts_as_what_it_was()
    {
        Assert.True(DatabaseFault.Passes(new BackgroundJobClientException("", Of("57P01"))));
        Assert.False(DatabaseFault.Passes(new BackgroundJobClientException("", Of("23505"))));
    }

    private static PostgresException Of(string state) => new("", "FATAL", "FATAL", state);
}
