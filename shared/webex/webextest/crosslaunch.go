package webextest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// The tasks of a cross-launch, as the request's body names them [java].
const (
	TaskAssignContent = "assign_content"
	TaskManageContent = "manage_content"
)

// A task has a name in requests [java] and a field in a configuration [page].
type task struct{ name, field string }

// findTask finds a task by either of the two.
func findTask(name string) (task, error) {
	for _, t := range []task{{TaskAssignContent, "assignContent"}, {TaskManageContent, "manageContent"}} {
		if name == t.name || name == t.field {
			return t, nil
		}
	}
	return task{}, fmt.Errorf("no cross-launch task %q", name)
}

// CrossLaunch does what Control Hub's button does: it posts {"jwt", "devices":
// [{"deviceId"}]} [page] to the URL in the stored configuration of the feature, with
// "task" and, for devices that the organization has, "displayName" [java]. The reply
// has the RedirectURL that Control Hub would open. The task is one of the Task
// constants, or its name in the configuration. A 200 without a redirectUrl is an
// error: it is required [page].
func (i *Integration) CrossLaunch(ctx context.Context, orgID, feature, task string, deviceIDs []string) (Reply, error) {
	found, err := findTask(task)
	if err != nil {
		return Reply{}, err
	}
	target, err := i.crossLaunchURL(orgID, feature, found)
	if err != nil {
		return Reply{}, err
	}
	token, err := i.MintAction(orgID, ActionCrossLaunch, nil)
	if err != nil {
		return Reply{}, err
	}
	body := map[string]any{"jwt": token, "task": found.name, "devices": i.cloud.launchedDevices(orgID, deviceIDs)}
	reply, err := i.cloud.post(ctx, target, token, encode(body))
	if err != nil || reply.Status != http.StatusOK {
		return reply, err
	}
	var response struct {
		RedirectURL string `json:"redirectUrl"`
	}
	if err := json.Unmarshal(reply.Body, &response); err != nil {
		return reply, fmt.Errorf("response to a cross-launch: %w", err)
	}
	if problem := webURL("redirectUrl", response.RedirectURL); problem != "" {
		return reply, fmt.Errorf("response to a cross-launch: %s", problem)
	}
	reply.RedirectURL = response.RedirectURL
	return reply, nil
}

func (c *Cloud) launchedDevices(orgID string, ids []string) []map[string]string {
	names := map[string]string{}
	for _, d := range c.Devices(orgID) {
		names[d.ID] = d.Name
	}
	devices := make([]map[string]string, len(ids))
	for i, id := range ids {
		devices[i] = map[string]string{"deviceId": id}
		if name := names[id]; name != "" {
			devices[i]["displayName"] = name
		}
	}
	return devices
}

func (i *Integration) crossLaunchURL(orgID, feature string, task task) (string, error) {
	defer i.cloud.lock()()
	_, inst, err := i.mustInstallation(orgID)
	if err != nil {
		return "", err
	}
	tasks, _ := inst.Configurations[feature].Values["crossLaunch"].(map[string]any)
	fields, _ := tasks[task.field].(map[string]any)
	if u, ok := fields["url"].(string); ok {
		return u, nil
	}
	return "", ErrNoCrossLaunch
}
