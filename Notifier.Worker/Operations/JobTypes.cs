namespace Notifier.Worker.Operations;

/// <summary>
/// The classes that may run as Hangfire jobs. Whoever can write a row into Hangfire's tables names a type and a method there, and without a list
/// the worker calls it, whatever it is. The names of these classes stand in rows, so they keep their names for ever.
/// </summary>
internal static class JobTypes
{
    /// <summary>Every job class of this program.</summary>
    public static IReadOnlyList<Type> Allowed { get; } = [typeof(Email.EmailDueJob)];

    /// <summary>What a job may take: ids, and the token that stops it.</summary>
    private static readonly Type[] Arguments = [typeof(long), typeof(int), typeof(string), typeof(CancellationToken)];

    /// <summary>Hangfire's question "what is the type of this name", answered from the list alone: nothing is ever loaded by its name.</summary>
    public static Func<string, Type> Resolver(IReadOnlyList<Type> jobs)
    {
        var known = jobs.Concat(Arguments).ToDictionary(t => t.FullName!, StringComparer.Ordinal);
        return name =>
        {
            // "Notifier.Worker.Email.EmailDueJob, Notifier.Worker, Version=…": rows of an older version name an older assembly.
            var fullName = name.Split(',', 2)[0].Trim();
            return known.TryGetValue(fullName, out var type) ? type : throw new UnknownJobException(fullName);
        };
    }
}

/// <summary>A row of Hangfire's asks for something that is no job of this program.</summary>
internal sealed class UnknownJobException(string type)
    : Exception($"{type} is no job of this program, so it does not run. If it was one of an older version, delete the job; otherwise find out who writes into Hangfire's tables.");
