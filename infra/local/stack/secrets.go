package stack

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"signpost/shared/secret/sealing"
)

// Secrets is the document that SECRET_JSON holds, whole.
type Secrets struct {
	ClientSecret  json.RawMessage `json:"clientSecret,omitempty"`
	ContentAPIKey json.RawMessage `json:"contentApiKey,omitempty"`
	TokenKeyset   json.RawMessage `json:"tokenKeyset,omitempty"`
}

// secretParameters says which part of the secrets a template parameter stands
// for. On AWS they are two secrets; a function is given at most one.
var secretParameters = map[string]func(Secrets) Secrets{
	"IntegrationSecretId": func(s Secrets) Secrets {
		return Secrets{ClientSecret: s.ClientSecret, TokenKeyset: s.TokenKeyset}
	},
	"ContentSecretId": func(s Secrets) Secrets {
		return Secrets{ContentAPIKey: s.ContentAPIKey}
	},
}

// ContentKey is the first content API key; empty if there is none.
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

// clientSecret is the OAuth client's secret; empty if there is none.
func (s Secrets) clientSecret() string {
	var text string
	_ = json.Unmarshal(s.ClientSecret, &text) // the functions' settings check says what is wrong
	return text
}

// document is the secrets as SECRET_JSON.
func (s Secrets) document() string {
	text, err := json.Marshal(s)
	if err != nil { // a part is not JSON, which cannot be: it was read from JSON
		return ""
	}
	return string(text)
}

// prepareSecrets takes the secrets from the environment, or from the data
// directory, where they are made once.
func (s *settings) prepareSecrets() error {
	if given, ok := s.given["SECRET_JSON"]; ok {
		if err := json.Unmarshal([]byte(given), &s.secrets); err != nil {
			return errors.New("SECRET_JSON is not a JSON object") // and it is not to be shown
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

// generateSecrets makes secrets for this machine. They are kept, since the
// table is: what was sealed with a keyset opens with no other.
func generateSecrets() ([]byte, error) {
	keyset, err := sealing.NewDocument()
	if err != nil {
		return nil, err
	}
	return json.MarshalIndent(map[string]any{
		"clientSecret":  rand.Text(),
		"contentApiKey": rand.Text(),
		"tokenKeyset":   json.RawMessage(keyset),
	}, "", "  ")
}
