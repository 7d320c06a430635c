package setup

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"signpost/infra/terminal"
	"signpost/shared/secret/sealing"
)

// rotate does the next step of rotating one secret. Every function must have read
// the result of a step before the next one.
func (s *session) rotate(ctx context.Context, secret string) error {
	integration, content, _ := s.names()
	name := integration
	var rotate func(context.Context, parts) (message string, err error)
	switch secret {
	case "client-secret":
		rotate = s.rotateClientSecret
	case "content-api-key":
		name, rotate = content, s.rotateContentKey
	case "keyset":
		rotate = s.rotateKeyset
	case "keyset-forget":
		rotate = s.forgetKeys
	default:
		return terminal.Usagef("%q cannot be rotated: name one of %s", secret, strings.Join(Rotations, ", "))
	}
	v, err := s.vault(ctx)
	if err != nil {
		return err
	}
	d, written, err := load(ctx, v, name)
	if err != nil {
		return err
	}
	if age := s.now().Sub(written); age < propagation {
		return fmt.Errorf("%s was written %s ago, and functions may still use its previous value: run this again in %s", name, age.Round(time.Second), (propagation - age).Round(time.Second))
	}
	message, err := rotate(ctx, d)
	if err != nil {
		return err
	}
	if err := s.write(ctx, v, name, d); err != nil {
		return err
	}
	if s.io.JSON {
		return s.io.Print(map[string]string{"secret": secret, "step": message})
	}
	_, err = fmt.Fprintln(s.io.Out, message)
	return err
}

func (s *session) rotateClientSecret(ctx context.Context, d parts) (string, error) {
	secret, err := s.clientSecret(ctx)
	if err == nil && secret == "" {
		err = errors.New("the new client secret is missing: set CLIENT_SECRET, or answer the question")
	}
	if err != nil {
		return "", err
	}
	tried, err := s.tryClientSecret(ctx, secret, d)
	if err != nil {
		return "", err
	}
	return tried + "\nFunctions use it within 5 minutes. Failures in between are retried.", d.set("clientSecret", secret)
}

// rotateContentKey adds a second key, or drops the older of two.
func (s *session) rotateContentKey(_ context.Context, d parts) (string, error) {
	keys, err := apiKeys("contentApiKey", d["contentApiKey"])
	if err != nil {
		return "", err
	}
	if len(keys) > 1 {
		return oldKeyDropped, d.set("contentApiKey", keys[0])
	}
	fresh := s.ContentAPIKey
	if fresh == "" {
		fresh = rand.Text()
	}
	return "Both keys are valid. Give the new one to your content server, then run this again to drop the old one.",
		d.set("contentApiKey", append([]string{fresh}, keys...))
}

const oldKeyDropped = "The old key was dropped. Done."

// apiKeys reads one key or several from a field.
func apiKeys(field string, raw json.RawMessage) ([]string, error) {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}, nil
	}
	var several []string
	if err := json.Unmarshal(raw, &several); err != nil || len(several) == 0 {
		return nil, fmt.Errorf("%s is neither a key nor a list of keys: fix it in Secrets Manager", field)
	}
	return several, nil
}

// rotateKeyset adds a key, or makes the added key the primary one, which encrypts.
func (s *session) rotateKeyset(_ context.Context, d parts) (message string, err error) {
	count, newestIsPrimary, err := sealing.Keys(d["tokenKeyset"])
	if err != nil {
		return "", err
	}
	if newestIsPrimary {
		d["tokenKeyset"], err = sealing.ExtendDocument(d["tokenKeyset"])
		return fmt.Sprintf("A key was added, which only decrypts so far. Run this again in %.0f minutes to encrypt with it.", propagation.Minutes()), err
	}
	d["tokenKeyset"], err = sealing.PromoteDocument(d["tokenKeyset"])
	return fmt.Sprintf("The newest of %d keys encrypts now. Stored tokens are encrypted again as installations are verified.\n"+
		"Then drop the older keys with %s, which refuses while one is still required.", count, s.command("rotate", "keyset-forget")), err
}
