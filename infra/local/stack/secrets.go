package stack

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"signpost/shared/secret/document"
	"signpost/shared/secret/sealing"
)

// Secrets is the complete document in SECRET_JSON.
type Secrets struct {
	ClientSecret  json.RawMessage `json:"clientSecret,omitempty"`
	ContentAPIKey json.RawMessage `json:"contentApiKey,omitempty"`
	TokenKeyset   json.RawMessage `json:"tokenKeyset,omitempty"`
	VendorAPIKeys json.RawMessage `json:"vendorApiKeys,omitempty"`
}

// secretParameters maps a template parameter to its part of the secrets. On AWS
// these are three secrets, of which a function gets at most one.
var secretParameters = map[string]func(Secrets) Secrets{
	"IntegrationSecretId": func(s Secrets) Secrets {
		return Secrets{ClientSecret: s.ClientSecret, TokenKeyset: s.TokenKeyset}
	},
	"ContentSecretId": func(s Secrets) Secrets {
		return Secrets{ContentAPIKey: s.ContentAPIKey}
	},
	"VendorSecretId": func(s Secrets) Secrets {
		return Secrets{VendorAPIKeys: s.VendorAPIKeys}
	},
}

// ContentKey returns the first content API key; empty if there is none.
func (s Secrets) ContentKey() string {
	var one string
	if json.Unmarshal(s.ContentAPIKey, &one) == nil {
		return one
	}
	var several []string
	if json.Unmarshal(s.ContentAPIKey, &several) == nil && len(several) > 0 {
		return several[0]
	}
	return ""
}

// VendorKey returns a key of the vendor API, that of the first label; empty if there is
// none.
func (s Secrets) VendorKey() string {
	parsed, err := document.Parse([]byte(s.document()), document.VendorAPIKeys)
	labels := slices.Sorted(maps.Keys(parsed.VendorAPIKeys))
	if err != nil || len(labels) == 0 {
		return ""
	}
	return parsed.VendorAPIKeys[labels[0]][0].Reveal()
}

func (s Secrets) clientSecret() string {
	var text string
	_ = json.Unmarshal(s.ClientSecret, &text) // the check of the functions' settings reports errors
	return text
}

// document returns the secrets as SECRET_JSON.
func (s Secrets) document() string {
	text, _ := json.Marshal(s) // the parts were decoded from JSON
	return string(text)
}

// prepareSecrets takes the secrets from the environment, or from the data
// directory, where the first start generates them.
func (s *settings) prepareSecrets() error {
	if given, ok := s.given["SECRET_JSON"]; ok {
		if err := json.Unmarshal([]byte(given), &s.secrets); err != nil {
			return errors.New("SECRET_JSON is not a JSON object") // without the value, which is secret
		}
		return nil
	}
	s.secretsFile = filepath.Join(s.dataDir, "secrets.json")
	text, err := os.ReadFile(s.secretsFile)
	if errors.Is(err, fs.ErrNotExist) {
		if text, err = generateSecrets(); err == nil {
			err = os.WriteFile(s.secretsFile, text, 0o600)
		}
	}
	if err == nil {
		err = json.Unmarshal(text, &s.secrets)
	}
	if err != nil {
		return fmt.Errorf("local secrets: %w", err)
	}
	return nil
}

// generateSecrets generates secrets for this machine. They are kept as long as
// the table: only this keyset decrypts its refresh tokens.
func generateSecrets() ([]byte, error) {
	keyset, err := sealing.NewDocument()
	if err != nil {
		return nil, err
	}
	return json.MarshalIndent(map[string]any{
		"clientSecret":  rand.Text(),
		"contentApiKey": rand.Text(),
		"tokenKeyset":   json.RawMessage(keyset),
		"vendorApiKeys": map[string]string{"local": rand.Text()},
	}, "", "  ")
}
