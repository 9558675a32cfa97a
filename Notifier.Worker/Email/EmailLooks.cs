using Microsoft.Extensions.Options;
using Notifier.Domain;
using Notifier.Worker.Sites;
using Notifier.Worker.Storage;
using Npgsql;

namespace Notifier.Worker.Email;

/// <summary>
/// What the database says of emails under way: what of each may go and in which words; and the last look, which commits that DATA begins. A mail server takes several at a time, and those
/// that ask at the same time are answered together: a look is a handful of statements, however many emails it is for.
/// </summary>
internal sealed class EmailLooks
{
    private const int Most = 64;

    private readonly record struct Composed(ClaimedEmail Email, EmailDraft Says, EmailContent Content);

    private readonly NpgsqlDataSource _database;
    private readonly SiteDirectory _sites;
    private readonly IOptions<EmailOptions> _email;
    private readonly Gathering<ClaimedEmail, (EmailDraft, EmailContent?)> _first;
    private readonly Gathering<Composed, DataStart> _last;

    public EmailLooks(NpgsqlDataSource database, SiteDirectory sites, IOptions<EmailOptions> email)
    {
        (_database, _sites, _email) = (database, sites, email);
        _first = new(Most, FirstAsync);
        _last = new(Most, LastAsync);
    }

    /// <summary>What goes of it now, and in which words; no words where nothing goes.</summary>
    public Task<(EmailDraft Says, EmailContent? Content)> FirstAsync(ClaimedEmail email) => _first.AskAsync(email);

    /// <summary>After RCPT, before DATA.</summary>
    public Task<DataStart> LastAsync(ClaimedEmail email, EmailDraft says, EmailContent content) => _last.AskAsync(new Composed(email, says, content));

    private async Task<IReadOnlyList<(EmailDraft, EmailContent?)>> FirstAsync(IReadOnlyList<ClaimedEmail> emails)
    {
        await using var connection = await _database.OpenConnectionAsync();
        var state = await LoadAsync(connection, emails);
        var drafts = emails.Select(e => EmailDraft.Of(e, state, EmailDraft.AllUnseen, PolicyOf(e))).ToArray();
        var going = emails.Zip(drafts).Where(e => e.Second.Goes.Count > 0).ToArray();
        var contents = new Queue<EmailContent>(going.Length == 0 ? [] : await EmailContentStore.ReadAsync(
            connection, [.. going.Select(e => new ContentQuery(e.First.Recipient, e.Second.Goes, PolicyOf(e.First).MessagesShown))], CancellationToken.None));
        return [.. drafts.Select(says => (says, says.Goes.Count > 0 ? contents.Dequeue() : null))];
    }

    private async Task<IReadOnlyList<DataStart>> LastAsync(IReadOnlyList<Composed> composed)
    {
        await using var connection = await _database.OpenConnectionAsync();
        var state = await LoadAsync(connection, [.. composed.Select(c => c.Email)]);
        var goes = composed.Select(c => !c.Content.UpTo.Keys.Except(EmailDraft.Of(c.Email, state, c.Content.UpTo, PolicyOf(c.Email)).Goes).Any()).ToArray();
        var going = composed.Where((_, n) => goes[n]).Select(c => new WrittenEmail(c.Email, c.Says.Seen, c.Content.Shown)).ToArray();
        // Of several messages in a conversation some may be seen by now, or deleted or edited: what was composed must tell of none of them, nor in their old words.
        var starts = new Queue<DataStart>(going.Length == 0 ? [] : await EmailAttemptStore.BeginDataAsync(connection, going, _email.Value.Lease, CancellationToken.None));
        return [.. goes.Select(yes => yes ? starts.Dequeue() : DataStart.Outdated)];
    }

    private static Task<LadderState> LoadAsync(NpgsqlConnection connection, IReadOnlyList<ClaimedEmail> emails)
    {
        var query = new LadderQuery();
        foreach (var email in emails)
            foreach (var conversation in email.Conversations) query.Add(new(email.Recipient.Site, email.Recipient.Recipient, conversation));
        return StateStore.LoadAsync(connection, query, CancellationToken.None);
    }

    private EscalationPolicy PolicyOf(ClaimedEmail email) => _sites.Of(email.Recipient.Site).Policy;
}
