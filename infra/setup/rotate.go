package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"signpost/shared/secret/sealing"
)

// rotateSecret does the next step of replacing one secret. No step is followed
// by the next before every function has the value of the one before.
func (s *session) rotateSecret(ctx context.Context) error {
	integration, content := s.names()
	name, rotate := integration, s.rotateClientSecret
	switch s.rotate {
	case "client-secret":
	case "content-api-key":
		name, rotate = content, s.rotateContentKey
	case "keyset":
		rotate = s.rotateKeyset
	case "keyset-forget":
		rotate = s.forgetKeys
	default:
		return fmt.Errorf("rotate %q: it must be client-secret, content-api-key, keyset or keyset-forget", s.rotate)
	}
	v, err := s.vault(ctx)
	if err != nil {
		return err
	}
	value, written, err := v.get(ctx, name)
	if err != nil {
		return err
	}
	if age := s.now().Sub(written); age < spread {
		return fmt.Errorf("%s was written %s ago: wait until %s have passed, so that every function has it", name, age.Round(time.Second), spread)
	}
	var d parts
	if err := json.Unmarshal(value, &d); err != nil || d == nil {
		return fmt.Errorf("%s is not a JSON object: mend it in Secrets Manager", name)
	}
	says, err := rotate(ctx, d)
	if err != nil {
		return err
	}
	if err := s.write(ctx, v, name, d); err != nil {
		return err
	}
	fmt.Fprintln(s.out, says)
	return nil
}

func (s *session) rotateClientSecret(ctx context.Context, d parts) (string, error) {
	secret, err := s.clientSecret()
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

// rotateContentKey adds a key to one, and drops the older of two.
func (s *session) rotateContentKey(_ context.Context, d parts) (string, error) {
	keys, err := contentKeys(d["contentApiKey"])
	if err != nil {
		return "", err
	}
	if len(keys) > 1 {
		return "The old key is dropped. Done.", d.set("contentApiKey", keys[0])
	}
	fresh := s.secrets["contentApiKey"]
	if fresh == "" {
		fresh = rand.Text()
	}
	return "Both keys are good. Give the new one to your content server, then run this again to drop the old one.",
		d.set("contentApiKey", append([]string{fresh}, keys...))
}

func contentKeys(raw json.RawMessage) ([]string, error) {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}, nil
	}
	var several []string
	if err := json.Unmarshal(raw, &several); err != nil || len(several) == 0 {
		return nil, errors.New("contentApiKey is neither a key nor a list of keys: mend it in Secrets Manager")
	}
	return several, nil
}

// rotateKeyset adds a key, and promotes one that was added before.
func (s *session) rotateKeyset(_ context.Context, d parts) (says string, err error) {
	count, newestIsPrimary, err := sealing.Keys(d["tokenKeyset"])
	if err != nil {
		return "", err
	}
	if newestIsPrimary {
		d["tokenKeyset"], err = sealing.ExtendDocument(d["tokenKeyset"])
		return fmt.Sprintf("A key is added, to open with only. Run this again in %s to seal with it.", spread), err
	}
	d["tokenKeyset"], err = sealing.PromoteDocument(d["tokenKeyset"])
	return fmt.Sprintf("The newest of %d keys seals now. Each installation is sealed anew at its next verification.\n"+
		"Then drop the older keys with make rotate STAGE=%s SECRET=keyset-forget: it refuses while any is needed.", count, s.stage), err
}
