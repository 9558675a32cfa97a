using System.Threading.Channels;
using System.Transactions;
using Hangfire.Common;
using Hangfire.States;
using Hangfire.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Notifier.Worker.Operations;
using Notifier.Worker.Storage;
using Xunit;

namespace Notifier.Tests.Operations;

[Collection(OneHostAtATime.Name)]
public sealed class JobAllowListTests(OperationsDatabase database) : IClassFixture<OperationsDatabase>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact(Timeout = 30_000)]
    public async Task A_row_that_names_another_program_s_method_fails_and_runs_nothing_while_our_job_runs()
    {
        var file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.txt");
        var smuggled = await SmuggleAsync(file);
        var states = new StateWatch();
        using var host = await StartAsync(states);

        using (var scope = new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            await using var connection = await database.Source.OpenConnectionAsync(Cancellation);
            AlarmClock.Schedule<RecordedJob>(connection, job => job.RunAsync(7, CancellationToken.None), DateTimeOffset.UnixEpoch);
            scope.Complete();
        }

        Assert.Equal(7, await RecordedJob.Runs.ReadAsync(TestContext.Current.CancellationToken));
        await states.WaitForAsync(smuggled, FailedState.StateName);
        await host.StopAsync(Cancellation);
        Assert.False(File.Exists(file));
        var why = await database.ScalarAsync<string>("SELECT data ->> 'ExceptionDetails' FROM hangfire.state WHERE jobid = $1 AND name = 'Failed'", long.Parse(smuggled, null));
        Assert.Contains("System.IO.File is no job of this program", why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("System.IO.File, System.Private.CoreLib")]
    [InlineData("System.IO.File")]
    [InlineData("System.Diagnostics.Process, System.Diagnostics.Process, Version=10.0.0.0")]
    [InlineData("System.Collections.Generic.List`1[[Notifier.Tests.Operations.RecordedJob, Notifier.Tests]], mscorlib")]
    [InlineData("Notifier.Tests.Operations.RecordedJob[], Notifier.Tests")]
    [InlineData("notifier.tests.operations.recordedjob, Notifier.Tests")]
    [InlineData("")]
    public void Nothing_but_the_list_is_a_type(string name) => Assert.Throws<UnknownJobException>(() => JobTypes.Resolver([typeof(RecordedJob)])(name));

    [Theory]
    [InlineData("Notifier.Tests.Operations.RecordedJob, Notifier.Tests", typeof(RecordedJob))]
    [InlineData("Notifier.Tests.Operations.RecordedJob, Notifier.Tests, Version=0.0.9.0, Culture=neutral, PublicKeyToken=null", typeof(RecordedJob))]
    [InlineData("System.Int64, mscorlib", typeof(long))]
    [InlineData("System.Int64", typeof(long))]
    [InlineData("System.Threading.CancellationToken, mscorlib", typeof(CancellationToken))]
    public void A_job_on_the_list_is_known_whatever_version_wrote_its_name(string name, Type type) => Assert.Equal(type, JobTypes.Resolver([typeof(RecordedJob)])(name));

    /// <summary>What somebody does who may write into Hangfire's tables.</summary>
    private async Task<string> SmuggleAsync(string file)
    {
        var id = await database.ScalarAsync<long>(
            """
            INSERT INTO hangfire.job (invocationdata, arguments, createdat)
            VALUES (jsonb_build_object(
                      'Type', 'System.IO.File, mscorlib', 'Method', 'WriteAllText', 'ParameterTypes', '["System.String","System.String"]',
                      'Arguments', $1::text),
                    $1::jsonb, now()) RETURNING id
            """, $"""["\"{file}\"","\"pwned\""]""");
        await database.ExecuteAsync(
            """
            WITH enqueued AS (INSERT INTO hangfire.state (jobid, name, createdat, data) VALUES ($1, 'Enqueued', now(), '{"Queue":"email"}') RETURNING id)
            UPDATE hangfire.job SET stateid = enqueued.id, statename = 'Enqueued' FROM enqueued WHERE job.id = $1
            """, id);
        await database.ExecuteAsync("INSERT INTO hangfire.jobqueue (jobid, queue) VALUES ($1, 'email')", id);
        return id.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    private async Task<IHost> StartAsync(StateWatch states)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["ConnectionStrings:Notifier"] = database.ConnectionString });
        builder.Services.AddStorage(builder.Configuration);
        builder.Services.AddHangfireAlarmClock(builder.Configuration, [typeof(RecordedJob)]);
        var filters = (IJobFilterProvider)builder.Services.Single(d => d.ServiceType == typeof(IJobFilterProvider)).ImplementationInstance!;
        builder.Services.AddSingleton<IJobFilterProvider>(new JobFilterProviderCollection(filters, new JobFilterCollection { states }));
        var host = builder.Build();
        await host.StartAsync(Cancellation);
        return host;
    }

    /// <summary>Hears of every state a job comes to.</summary>
    private sealed class StateWatch : IApplyStateFilter
    {
        private readonly Channel<(string Job, string State)> _applied = Channel.CreateUnbounded<(string, string)>();

        public void OnStateApplied(ApplyStateContext context, IWriteOnlyTransaction transaction) => _applied.Writer.TryWrite((context.BackgroundJob.Id, context.NewState.Name));

        public void OnStateUnapplied(ApplyStateContext context, IWriteOnlyTransaction transaction)
        {
        }

        public async Task WaitForAsync(string job, string state)
        {
            while (await _applied.Reader.ReadAsync(Cancellation) != (job, state)) { }
        }
    }
}
