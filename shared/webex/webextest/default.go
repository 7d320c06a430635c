package webextest

import "context"

// The methods below are those of the default integration, see [Integration].

func (c *Cloud) defaultIntegration() *Integration { return &Integration{cloud: c, upload: c.main} }

// AppID is the id of the default integration's manifest, the appId of its tokens.
func (c *Cloud) AppID() string { return c.opts.AppID }

// ClientID is the default integration's OAuth client.
func (c *Cloud) ClientID() string { return c.opts.ClientID }

// ClientSecret is the secret of the default integration's OAuth client.
func (c *Cloud) ClientSecret() string { return c.opts.ClientSecret }

// ProvisioningURL is where [Cloud.Activate] posts, empty for manual provisioning.
func (c *Cloud) ProvisioningURL() string { return c.opts.ProvisioningURL }

// MintActivation is [Integration.MintActivation].
func (c *Cloud) MintActivation(orgID string) (string, error) {
	return c.defaultIntegration().MintActivation(orgID)
}

// Activate is [Integration.Activate].
func (c *Cloud) Activate(ctx context.Context, orgID string) (Reply, error) {
	return c.defaultIntegration().Activate(ctx, orgID)
}

// MintAction is [Integration.MintAction].
func (c *Cloud) MintAction(orgID, action string, extra map[string]any) (string, error) {
	return c.defaultIntegration().MintAction(orgID, action, extra)
}

// MintUpdateApproved is [Integration.MintUpdateApproved], with other features. Nil
// features stay unchanged.
func (c *Cloud) MintUpdateApproved(orgID string, features []string) (string, error) {
	return c.defaultIntegration().mintUpdateApproved(orgID, features)
}

// ApproveUpdate is [Cloud.MintUpdateApproved], posted to the actionsUrl.
func (c *Cloud) ApproveUpdate(ctx context.Context, orgID string, features []string) (Reply, error) {
	return c.defaultIntegration().approveUpdate(ctx, orgID, features)
}

// MintMove is [Integration.MintMove].
func (c *Cloud) MintMove(orgID, newRegion string, o MoveOptions) (string, error) {
	return c.defaultIntegration().MintMove(orgID, newRegion, o)
}

// Move is [Integration.Move].
func (c *Cloud) Move(ctx context.Context, orgID, newRegion string, o MoveOptions) (Reply, error) {
	return c.defaultIntegration().Move(ctx, orgID, newRegion, o)
}

// HealthCheck is [Integration.HealthCheck].
func (c *Cloud) HealthCheck(ctx context.Context, orgID string) (Reply, error) {
	return c.defaultIntegration().HealthCheck(ctx, orgID)
}

// MintDeprovision is [Integration.MintDeprovision].
func (c *Cloud) MintDeprovision(orgID string) (string, error) {
	return c.defaultIntegration().MintDeprovision(orgID)
}

// Deprovision is [Integration.Deprovision].
func (c *Cloud) Deprovision(ctx context.Context, orgID string) (Reply, error) {
	return c.defaultIntegration().Deprovision(ctx, orgID)
}

// CrossLaunch is [Integration.CrossLaunch].
func (c *Cloud) CrossLaunch(ctx context.Context, orgID, feature, task string, deviceIDs []string) (Reply, error) {
	return c.defaultIntegration().CrossLaunch(ctx, orgID, feature, task, deviceIDs)
}

// Installation is [Integration.Installation].
func (c *Cloud) Installation(orgID string) (InstallationView, bool) {
	return c.defaultIntegration().Installation(orgID)
}

// SetScopes is [Integration.SetScopes].
func (c *Cloud) SetScopes(orgID string, scopes []string) {
	c.defaultIntegration().SetScopes(orgID, scopes)
}

// Configuration is [Integration.Configuration].
func (c *Cloud) Configuration(orgID, feature string) (map[string]any, bool) {
	return c.defaultIntegration().Configuration(orgID, feature)
}

// SetConfiguration is [Integration.SetConfiguration].
func (c *Cloud) SetConfiguration(orgID, feature string, configuration map[string]any) {
	c.defaultIntegration().SetConfiguration(orgID, feature, configuration)
}

// DeleteConfiguration is [Integration.DeleteConfiguration].
func (c *Cloud) DeleteConfiguration(orgID, feature string) {
	c.defaultIntegration().DeleteConfiguration(orgID, feature)
}

// Pushes is [Integration.Pushes].
func (c *Cloud) Pushes(orgID, feature string) int {
	return c.defaultIntegration().Pushes(orgID, feature)
}

// RefreshToken is [Integration.RefreshToken].
func (c *Cloud) RefreshToken(orgID string) string { return c.defaultIntegration().RefreshToken(orgID) }

// AcceptsRefreshToken is [Integration.AcceptsRefreshToken].
func (c *Cloud) AcceptsRefreshToken(value string) bool {
	return c.defaultIntegration().AcceptsRefreshToken(value)
}

// RevokeRefreshToken is [Integration.RevokeRefreshToken].
func (c *Cloud) RevokeRefreshToken(orgID string) { c.defaultIntegration().RevokeRefreshToken(orgID) }

// RevokeAccessTokens is [Integration.RevokeAccessTokens].
func (c *Cloud) RevokeAccessTokens(orgID string) { c.defaultIntegration().RevokeAccessTokens(orgID) }
