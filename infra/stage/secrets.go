package stage

import "fmt"

// Logical ids of the resources that outlive the stack, beside the secrets: the
// table, which the template declares, and production's key.
const (
	TableID = "InstallationsTable"
	KeyID   = "DataKey"
)

// Stack is the name of a stage's stack.
func Stack(stage string) string { return "signpost-" + stage }

// TableName is the name of a stage's table. It is fixed, so that a new stack can
// adopt the table of a deleted one.
func TableName(stage string) string { return Stack(stage) + "-installations" }

// FirewallRegion is the only region in which CloudFront finds certificates and
// web ACLs.
const FirewallRegion = "us-east-1"

const firewallSuffix = "-firewall"

// FirewallStack is the name of the stack of a stage's firewall.
func FirewallStack(stage string) string { return Stack(stage) + firewallSuffix }

// OriginKeyName is the name of the secret that a stage's firewall and functions
// share.
func OriginKeyName(stage string) string { return Stack(stage) + "/origin-key" }

// WebhookKeyName is the name of the secret with a key of a stage's webhook, by the key's
// number.
func WebhookKeyName(stage string, number int) string {
	return fmt.Sprintf("%s/webhook-key-%d", Stack(stage), number)
}

// Secret is one of a stage's secrets.
type Secret struct {
	// Name is its name in Secrets Manager, Parameter the template's parameter for
	// its id.
	Name, Parameter        string
	LogicalID, Description string
}

// Secrets returns a stage's secrets: the integration's, then the one shared with
// the content server, then the keys of the vendor API. Their names are fixed, so that values can be written without
// describing the stack.
func Secrets(stage string) []Secret {
	return []Secret{
		{Stack(stage) + "/integration", "IntegrationSecretId", "IntegrationSecret", "clientSecret and tokenKeyset"},
		{Stack(stage) + "/content", "ContentSecretId", "ContentSecret", "contentApiKey, shared with the content server"},
		{Stack(stage) + "/vendor", "VendorSecretId", "VendorSecret", "vendorApiKeys, of the vendor's own systems"},
	}
}
