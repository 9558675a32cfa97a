using System.Transactions;

namespace Notifier.Worker.Storage;

/// <summary>Hangfire makes a job in our transaction only if that is an ambient one.</summary>
internal static class Transactions
{
    public static TransactionScope Begin() => new(
        TransactionScopeOption.RequiresNew, new TransactionOptions { IsolationLevel = IsolationLevel.ReadCommitted, Timeout = TimeSpan.FromMinutes(2) },
        TransactionScopeAsyncFlowOption.Enabled);
}
