using Microsoft.Extensions.Options;

namespace Notifier.Worker.Sites;

/// <summary>The API keys of the settings, and those of the sites' rows.</summary>
internal sealed class SiteApiKeys(IOptions<ApiKeyOptions> options, SiteDirectory sites) : ApiKeys(options)
{
    public override bool IsEmpty => base.IsEmpty && !sites.HasKeys;

    protected override string? SiteOf(byte[] hash) => sites.OwnerOf(hash);
}
