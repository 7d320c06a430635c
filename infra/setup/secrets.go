package setup

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"signpost/infra/stage"
	"signpost/shared/secret/document"
	"signpost/shared/secret/sealing"
)

// parts are the members of a secret's value, or of an object in it. Unknown members are
// kept.
type parts map[string]json.RawMessage

func (d parts) set(field string, value any) error {
	text, err := json.Marshal(value)
	d[field] = text
	return err
}

// check refuses the parts, encoded in text, if the functions would.
func (d parts) check(text []byte) error {
	var present []document.Part
	for _, part := range []document.Part{document.ClientSecret, document.ContentAPIKey, document.TokenKeyset, document.VendorAPIKeys} {
		if d[string(part)] != nil {
			present = append(present, part)
		}
	}
	_, err := document.Parse(text, present...)
	return err
}

// propagation is how long functions may use the previous value of a secret, with a
// margin.
const propagation = 10 * time.Minute

// load returns the parts of a secret, and when they were written. With an error
// wrapping errNoValue the parts are empty, but not nil.
func load(ctx context.Context, v vault, name string) (parts, time.Time, error) {
	value, written, err := v.get(ctx, name)
	d := parts{}
	if err == nil && (json.Unmarshal(value, &d) != nil || d == nil) {
		err = fmt.Errorf("%s is not a JSON object: fix it in Secrets Manager", name)
	}
	return d, written, err
}

// names are the stage's secrets.
func (s *session) names() (integration, content, vendor string) {
	secrets := stage.Secrets(s.Stage)
	return secrets[0].Name, secrets[1].Name, secrets[2].Name
}

// fillSecrets writes missing values of the secrets. If AWS cannot be reached, that
// is not an error: a later setup fills the secrets.
func (s *session) fillSecrets(ctx context.Context) (secretsState, error) {
	v, err := s.vault(ctx)
	if err != nil {
		s.say("The secrets are unchanged, since AWS cannot be reached: %v", err)
		return unknown, nil
	}
	integration, content, vendor := s.names()
	for _, secret := range []struct {
		name string
		fill func(context.Context, parts) (bool, error)
	}{{integration, s.fillIntegration}, {content, s.fillContent}, {vendor, fillVendor}} {
		d, _, err := load(ctx, v, secret.name)
		if errors.Is(err, errNoSecret) {
			continue // the deployment creates it
		}
		if err != nil && !errors.Is(err, errNoValue) {
			return unknown, err
		}
		changed, err := secret.fill(ctx, d)
		if err == nil && changed {
			err = s.write(ctx, v, secret.name, d)
		}
		if err != nil {
			return unknown, err
		}
	}
	return s.checkSecrets(ctx, v)
}

func (s *session) write(ctx context.Context, v vault, name string, d parts) error {
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if err := d.check(text); err != nil {
		return fmt.Errorf("%s is unchanged: %w", name, err)
	}
	if err := v.put(ctx, name, text); err != nil {
		return err
	}
	s.say("%s was written to Secrets Manager.", name)
	return nil
}

func (s *session) fillIntegration(ctx context.Context, d parts) (changed bool, err error) {
	if d["tokenKeyset"] == nil {
		keyset, err := sealing.NewDocument()
		if err != nil {
			return false, err
		}
		d["tokenKeyset"], changed = keyset, true
	}
	if d["clientSecret"] == nil {
		secret, err := s.clientSecret(ctx)
		if err != nil {
			return changed, err
		}
		if secret != "" {
			return true, d.set("clientSecret", secret)
		}
		s.say("The OAuth client's secret is still missing: functions that call Webex do not start without it.")
	}
	return changed, nil
}

// clientSecret returns the given client secret or asks for it, "" for later.
func (s *session) clientSecret(ctx context.Context) (string, error) {
	if s.ClientSecret != "" || s.Batch {
		return s.ClientSecret, nil
	}
	return s.askClientSecret(ctx)
}

func (s *session) fillContent(_ context.Context, d parts) (bool, error) {
	if d["contentApiKey"] != nil {
		return false, nil
	}
	key := s.ContentAPIKey
	if key == "" {
		key = rand.Text()
	}
	_, name, _ := s.names()
	s.say("A content API key was stored, which your content server requires:\n  aws secretsmanager get-secret-value --secret-id %s --query SecretString --output text", name)
	return true, d.set("contentApiKey", key)
}

// fillVendor opens the vendor API to nobody: `signpost key add` makes keys.
func fillVendor(_ context.Context, d parts) (bool, error) {
	if d[string(document.VendorAPIKeys)] != nil {
		return false, nil
	}
	return true, d.set(string(document.VendorAPIKeys), map[string]string{})
}
