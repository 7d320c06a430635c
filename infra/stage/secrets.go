package stage

// Logical ids, in the stack, of what outlives it beside the secrets: the table,
// which is the template's, and the key of production.
const (
	TableID = "InstallationsTable"
	KeyID   = "DataKey"
)

// TableName is the name of a stage's table. It is fixed, so that a stack can
// take over the table of one that was deleted.
func TableName(stage string) string { return "signpost-" + stage + "-installations" }

// FirewallRegion is the one region from which CloudFront takes certificates and
// the rules of its firewall.
const FirewallRegion = "us-east-1"

const firewallSuffix = "-firewall"

// FirewallStack is the name of the stack of a stage's firewall.
func FirewallStack(stage string) string { return "signpost-" + stage + firewallSuffix }

// OriginKeyName is the name of the secret that a stage's firewall and functions
// share. It is random: nobody writes or reads it.
func OriginKeyName(stage string) string { return "signpost-" + stage + "/origin-key" }

// Secret is one of a stage's secrets.
type Secret struct {
	// Name is its name in Secrets Manager, Parameter the template's for its id.
	Name, Parameter        string
	LogicalID, Description string
}

// Secrets are a stage's secrets: the integration's own, and what the content
// server shares with us. Their names are fixed, so that their values can be
// written without asking the stack.
func Secrets(stage string) []Secret {
	return []Secret{
		{"signpost-" + stage + "/integration", "IntegrationSecretId", "IntegrationSecret", "clientSecret and tokenKeyset"},
		{"signpost-" + stage + "/content", "ContentSecretId", "ContentSecret", "contentApiKey, which the content server has too"},
	}
}
