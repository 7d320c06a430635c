package webextest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Below the directory of [Cloud.Persist].
const (
	cloudFile           = "cloud.json"
	organizationsFolder = "organizations"
)

// Persist stores the state of the cloud in a directory, and first loads what is
// there, [Cloud.BaseURL] included. Call it once, before the cloud is used.
//
// Each change is written before the response to the request that made it, so that a
// killed process loses nothing that the integration knows. Files are replaced
// atomically but not synced: a crash of the machine may lose the last changes. The
// log, faults, held actions, actions to drop or to send twice,
// [Cloud.SetRotateRefreshTokens] and [Cloud.SetReadback] are not stored.
//
// If a change cannot be written, failed is called with the reason, with the
// cloud's lock held, and the request that made the change gets a 500.
func (c *Cloud) Persist(directory string, failed func(error)) error {
	defer c.lock()()
	if err := os.MkdirAll(filepath.Join(directory, organizationsFolder), 0o700); err != nil {
		return fmt.Errorf("webextest: persist: %w", err)
	}
	if err := c.load(directory); err != nil {
		return fmt.Errorf("webextest: persist: %w", err)
	}
	c.directory, c.saveFailed = directory, failed
	err := c.saveCloud()
	for _, org := range c.orgs {
		err = errors.Join(err, c.saveOrganization(org.ID))
	}
	return err
}

func (c *Cloud) load(directory string) error {
	var state cloudState
	switch err := readState(filepath.Join(directory, cloudFile), &state, &state.Format); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	if err := c.restoreCloud(state); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(directory, cloudFile), err)
	}
	files, err := filepath.Glob(filepath.Join(directory, organizationsFolder, "*.json"))
	if err != nil {
		return err
	}
	organizations := make([]organizationState, len(files))
	for i, file := range files {
		if err := readState(file, &organizations[i], &organizations[i].Format); err != nil {
			return err
		}
	}
	slices.SortFunc(organizations, func(a, b organizationState) int { return cmp.Compare(a.Position, b.Position) })
	for _, organization := range organizations {
		if err := c.restoreOrganization(organization); err != nil {
			return fmt.Errorf("organization %s: %w", organization.ID, err)
		}
	}
	return nil
}

// readState reads a file into value and checks its format.
func readState(file string, value any, format *int) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(value); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if *format != stateFormat {
		return fmt.Errorf("%s has format %d, not %d: it is of another version of the simulator", file, *format, stateFormat)
	}
	return nil
}

// change locks the cloud for a change of an organization's state. The function that
// it returns saves the state and unlocks.
func (c *Cloud) change(orgID string) (done func()) {
	c.mu.Lock()
	return func() {
		defer c.mu.Unlock()
		_ = c.saveOrganization(orgID) // saveFailed was called
	}
}

// changeCloud is change for state that belongs to no organization.
func (c *Cloud) changeCloud() (done func()) {
	c.mu.Lock()
	return func() {
		defer c.mu.Unlock()
		_ = c.saveCloud()
	}
}

// saveCloud and saveOrganization are called with the lock held. They do nothing
// without [Cloud.Persist].
func (c *Cloud) saveCloud() error {
	if c.directory == "" {
		return nil
	}
	return c.save(cloudFile, c.exportCloud())
}

func (c *Cloud) saveOrganization(id string) error {
	org := c.org(id)
	if c.directory == "" || org == nil {
		return nil
	}
	return c.save(filepath.Join(organizationsFolder, id+".json"), c.exportOrganization(org))
}

// forgetOrganization deletes the file of a removed organization and saves the
// others, whose positions changed.
func (c *Cloud) forgetOrganization(id string) error {
	if c.directory == "" {
		return nil
	}
	err := os.Remove(filepath.Join(c.directory, organizationsFolder, id+".json"))
	for _, org := range c.orgs {
		err = errors.Join(err, c.saveOrganization(org.ID))
	}
	return err
}

// save replaces a file atomically.
func (c *Cloud) save(name string, value any) error {
	file := filepath.Join(c.directory, name)
	err := os.WriteFile(file+".new", encode(value), 0o600)
	if err == nil {
		err = os.Rename(file+".new", file)
	}
	if err != nil {
		err = fmt.Errorf("webextest: persist: %w", err)
		c.saveFailed(err)
	}
	return err
}
