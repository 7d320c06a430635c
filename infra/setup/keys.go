package setup

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"signpost/infra/terminal"
	"signpost/shared/secret/document"
)

// loadKeys reads the keys of the vendor API, by their labels. A secret without a value has
// none.
func (s *session) loadKeys(ctx context.Context) (v vault, d parts, keys parts, written time.Time, err error) {
	if v, err = s.vault(ctx); err != nil {
		return v, d, keys, written, err
	}
	_, _, name := s.names()
	if d, written, err = load(ctx, v, name); errors.Is(err, errNoValue) {
		err = nil
	}
	if err != nil {
		return v, d, keys, written, err
	}
	keys = parts{}
	if raw := d[string(document.VendorAPIKeys)]; raw != nil && json.Unmarshal(raw, &keys) != nil {
		err = fmt.Errorf("%s: vendorApiKeys is not an object: fix it in Secrets Manager", name)
	}
	return v, d, keys, written, err
}

// ListKeys prints the labels of the vendor API's keys.
func ListKeys(ctx context.Context, io *terminal.IO, o Options) error {
	s, _, err := start(io, o)
	if err != nil {
		return err
	}
	return s.listKeys(ctx)
}

func (s *session) listKeys(ctx context.Context) error {
	_, _, keys, _, err := s.loadKeys(ctx)
	if err != nil {
		return err
	}
	type labelled struct {
		Label string `json:"label"`
		Keys  int    `json:"keys"`
	}
	list, rows := []labelled{}, [][]string{}
	for _, label := range slices.Sorted(maps.Keys(keys)) {
		valid, err := apiKeys(label, keys[label])
		if err != nil {
			return err
		}
		list, rows = append(list, labelled{label, len(valid)}), append(rows, []string{label, fmt.Sprint(len(valid))})
	}
	switch {
	case s.io.JSON:
		return s.io.Print(list)
	case len(rows) == 0:
		s.io.Note("no keys: nobody has access to the vendor API")
	default:
		s.io.Table([]string{"LABEL", "VALID KEYS"}, rows)
	}
	return nil
}

// keyChanges are the changes that [ChangeKey] makes. Each returns the new key, "" for none,
// and what was done.
var keyChanges = map[string]func(s *session, keys parts, label string, written time.Time) (key, message string, err error){
	"add": (*session).addKey, "rotate": (*session).rotateKey, "remove": (*session).removeKey,
}

// ChangeKey adds, rotates or removes the key of a label, and prints a new key, which is
// not shown again. verb is add, rotate or remove.
func ChangeKey(ctx context.Context, io *terminal.IO, o Options, verb, label string) error {
	s, _, err := start(io, o)
	if err != nil {
		return err
	}
	return s.changeKey(ctx, verb, label)
}

func (s *session) changeKey(ctx context.Context, verb, label string) error {
	if !document.IsLabel(label) {
		return terminal.Usagef("a label has letters, digits and . _ - only, 64 at most")
	}
	v, d, keys, written, err := s.loadKeys(ctx)
	if err != nil {
		return err
	}
	key, message, err := keyChanges[verb](s, keys, label, written)
	if err == nil {
		err = d.set(string(document.VendorAPIKeys), keys)
	}
	if err != nil {
		return err
	}
	_, _, name := s.names()
	if err := s.write(ctx, v, name, d); err != nil {
		return err
	}
	if s.io.JSON {
		return s.io.Print(map[string]string{"label": label, "key": key, "step": message})
	}
	s.io.Good(message)
	if key != "" {
		s.io.Note(key)
	}
	return nil
}

func (s *session) addKey(keys parts, label string, _ time.Time) (key, message string, err error) {
	if keys[label] != nil {
		return "", "", terminal.Fixable(fmt.Errorf("label %s has a key", label), "%s", s.command("key", "rotate", label))
	}
	key = rand.Text()
	return key, "The key of " + label + " is valid within 5 minutes. It is not shown again:", keys.set(label, key)
}

// rotateKey adds a second key, or drops the older of two.
func (s *session) rotateKey(keys parts, label string, written time.Time) (key, message string, err error) {
	valid, err := s.keysFor(keys, label)
	if err != nil {
		return "", "", err
	}
	if len(valid) == 1 {
		key = rand.Text()
		return key, "Both keys of " + label + " are valid within 5 minutes. Run this again to drop the old one. The new one, which is not shown again:",
			keys.set(label, []string{key, valid[0]})
	}
	if age := s.now().Sub(written); age < propagation {
		return "", "", fmt.Errorf("the vendor API's keys were changed %s ago, and not every function may know them: run this again in %s", age.Round(time.Second), (propagation - age).Round(time.Second))
	}
	return "", oldKeyDropped, keys.set(label, valid[0])
}

func (s *session) removeKey(keys parts, label string, _ time.Time) (key, message string, err error) {
	if _, err := s.keysFor(keys, label); err != nil {
		return "", "", err
	}
	delete(keys, label)
	return "", "The keys of " + label + " are refused within 5 minutes.", nil
}

func (s *session) keysFor(keys parts, label string) ([]string, error) {
	if keys[label] == nil {
		return nil, terminal.Fixable(fmt.Errorf("label %s has no key", label), "%s", s.command("key", "list"))
	}
	return apiKeys(label, keys[label])
}
