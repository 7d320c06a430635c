package main

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

// parts are a secret's value: some of its fields, the others as they were.
type parts map[string]json.RawMessage

func (d parts) set(field string, value any) error {
	text, err := json.Marshal(value)
	d[field] = text
	return err
}

// check refuses text, the parts as JSON, if the functions would.
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

// spread is how long the functions may go on with a copy of a secret, and some.
const spread = 10 * time.Minute

// names are the stage's two secrets.
func (s *session) names() (integration, content string) {
	secrets := stage.Secrets(s.stage)
	return secrets[0].Name, secrets[1].Name
}

// fillSecrets writes the values that are still missing. It reports whether the
// stack is there. AWS that is out of reach is no error: the settings are
// written, and this can be done later.
func (s *session) fillSecrets(ctx context.Context) (deployed bool, err error) {
	v, err := s.vault(ctx)
	if err != nil {
		fmt.Fprintf(s.out, "Secrets are left as they are, since AWS is not reached: %v\n", err)
		return false, nil
	}
	integration, content := s.names()
	for _, secret := range []struct {
		name string
		fill func(parts) (bool, error)
	}{{integration, s.fillIntegration}, {content, s.fillContent}} {
		value, _, err := v.get(ctx, secret.name)
		switch {
		case errors.Is(err, errNoSecret):
			fmt.Fprintf(s.out, "%s is not there yet: run make setup again after make deploy, to fill it.\n", secret.name)
			continue
		case errors.Is(err, errNoValue):
			value = []byte("{}")
		case err != nil:
			return false, err
		}
		deployed = true
		if err := s.fill(ctx, v, secret.name, value, secret.fill); err != nil {
			return deployed, err
		}
	}
	return deployed, nil
}

// fill completes one secret, if anything of it is missing.
func (s *session) fill(ctx context.Context, v vault, name string, value []byte, fill func(parts) (bool, error)) error {
	var d parts
	if err := json.Unmarshal(value, &d); err != nil || d == nil {
		return fmt.Errorf("%s is not a JSON object: mend it in Secrets Manager", name)
	}
	changed, err := fill(d)
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
	fmt.Fprintf(s.out, "%s is written to Secrets Manager.\n", name)
	return nil
}

func (s *session) fillIntegration(d parts) (changed bool, err error) {
	if d["tokenKeyset"] == nil {
		keyset, err := sealing.NewDocument()
		if err != nil {
			return false, err
		}
		d["tokenKeyset"], changed = keyset, true
	}
	if d["clientSecret"] == nil {
		secret, err := s.clientSecret()
		if err != nil {
			return changed, err
		}
		if secret != "" {
			changed = true
			return changed, d.set("clientSecret", secret)
		}
		fmt.Fprintln(s.out, "The OAuth client's secret is still missing: no function that calls Webex starts without it.")
	}
	return changed, nil
}

// clientSecret is what Control Hub gave, "" for later.
func (s *session) clientSecret() (string, error) {
	if given := s.secrets["clientSecret"]; given != "" || s.batch {
		return given, nil
	}
	return s.dialog.askSecret("OAuth client secret", "Control Hub shows it beside the client id. It goes to Secrets Manager only.")
}

func (s *session) fillContent(d parts) (bool, error) {
	if d["contentApiKey"] != nil {
		return false, nil
	}
	key := s.secrets["contentApiKey"]
	if key == "" {
		key = rand.Text()
	}
	_, name := s.names()
	fmt.Fprintf(s.out, "Your content server needs the content API key that was made:\n  aws secretsmanager get-secret-value --secret-id %s --query SecretString --output text\n", name)
	return true, d.set("contentApiKey", key)
}
