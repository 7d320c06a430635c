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

// parts are the fields of a secret's value. Fields that are not known here are
// kept as they are.
type parts map[string]json.RawMessage

func (d parts) set(field string, value any) error {
	text, err := json.Marshal(value)
	d[field] = text
	return err
}

// check refuses the parts, given as JSON too, if the functions would.
func (d parts) check(text []byte) error {
	var there []document.Part
	for _, part := range []document.Part{document.ClientSecret, document.ContentAPIKey, document.TokenKeyset} {
		if d[string(part)] != nil {
			there = append(there, part)
		}
	}
	_, err := document.Parse(text, there...)
	return err
}

// spread is how long functions may keep using the previous value of a secret,
// with a margin.
const spread = 10 * time.Minute

func notAnObject(name string) error {
	return fmt.Errorf("%s is not a JSON object: fix it in Secrets Manager", name)
}

// names are the stage's two secrets.
func (s *session) names() (integration, content string) {
	secrets := stage.Secrets(s.Stage)
	return secrets[0].Name, secrets[1].Name
}

// fillSecrets writes the values that are still missing. Unreachable AWS is not
// an error: the settings are saved, and a later setup fills the secrets.
func (s *session) fillSecrets(ctx context.Context) (secretsState, error) {
	v, err := s.vault(ctx)
	if err != nil {
		s.say("The secrets are left as they are, since AWS cannot be reached: %v", err)
		return unknown, nil
	}
	integration, content := s.names()
	for _, secret := range []struct {
		name string
		fill func(context.Context, parts) (bool, error)
	}{{integration, s.fillIntegration}, {content, s.fillContent}} {
		value, _, err := v.get(ctx, secret.name)
		switch {
		case errors.Is(err, errNoSecret):
			continue // the deployment creates it
		case errors.Is(err, errNoValue):
			value = []byte("{}")
		case err != nil:
			return unknown, err
		}
		if err := s.fill(ctx, v, secret.name, value, secret.fill); err != nil {
			return unknown, err
		}
	}
	return s.lookAtSecrets(ctx, v)
}

// fill completes one secret, if a part of it is missing.
func (s *session) fill(ctx context.Context, v vault, name string, value []byte, fill func(context.Context, parts) (bool, error)) error {
	var d parts
	if err := json.Unmarshal(value, &d); err != nil || d == nil {
		return notAnObject(name)
	}
	changed, err := fill(ctx, d)
	if err != nil || !changed {
		return err
	}
	return s.write(ctx, v, name, d)
}

func (s *session) write(ctx context.Context, v vault, name string, d parts) error {
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if err := d.check(text); err != nil {
		return fmt.Errorf("%s is left as it is: %w", name, err)
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
			changed = true
			return changed, d.set("clientSecret", secret)
		}
		s.say("The OAuth client's secret is still missing: functions that call Webex do not start without it.")
	}
	return changed, nil
}

// clientSecret is what Control Hub showed, "" for later.
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
	_, name := s.names()
	s.say("Your content server requires the content API key that was generated:\n  aws secretsmanager get-secret-value --secret-id %s --query SecretString --output text", name)
	return true, d.set("contentApiKey", key)
}
