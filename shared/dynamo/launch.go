package dynamo

import (
	"strconv"

	"signpost/shared/installation"
	"signpost/shared/launch"
	"signpost/shared/webex"
)

const (
	launchPrefix = "launch#"
	launchSK     = "launch"
	chunkSK      = "chunk"
)

func launchKey(id string) key { return key{launchPrefix + id, launchSK} }

// chunkKey is the key of a launch's n-th further chunk, from 1 on.
func chunkKey(id string, n int) key {
	return key{launchPrefix + id + "#" + strconv.Itoa(n), chunkSK}
}

// launchRow is a [launch.Launch] in the table: its head, with the first chunk
// of its devices. The ID is the end of its partition key.
type launchRow struct {
	key
	Schema    int   `dynamodbav:"schema"`
	ExpiresAt int64 `dynamodbav:"expiresAt"`

	OrgKey   string `dynamodbav:"orgKey,omitempty"`
	OrgID    string `dynamodbav:"orgId,omitempty"`
	AppID    string `dynamodbav:"appId,omitempty"`
	Feature  string `dynamodbav:"feature,omitempty"`
	Task     string `dynamodbav:"task,omitempty"`
	UserID   string `dynamodbav:"userId,omitempty"`
	IssuedAt int64  `dynamodbav:"issuedAt"`

	// Compressed says that Devices and the chunks, joined, are compressed;
	// Chunks counts the further ones.
	Compressed bool   `dynamodbav:"compressed,omitempty"`
	Chunks     int    `dynamodbav:"chunks,omitempty"`
	Devices    []byte `dynamodbav:"devices,omitempty"`
}

// chunkRow is a further chunk of a launch's devices.
type chunkRow struct {
	key
	Schema    int    `dynamodbav:"schema"`
	ExpiresAt int64  `dynamodbav:"expiresAt"`
	Devices   []byte `dynamodbav:"devices"`
}

// newLaunchRows returns the rows of l: the head and the further chunks.
func newLaunchRows(l launch.Launch) (launchRow, []chunkRow, error) {
	devices, err := pack(l.Devices)
	if err != nil {
		return launchRow{}, nil, err
	}
	further := devices.chunks[1:]
	head := launchRow{
		key: launchKey(l.ID), Schema: schema, ExpiresAt: expirySeconds(l.ExpiresAt()),
		OrgKey: l.OrgKey, OrgID: l.OrgID, AppID: l.AppID, Feature: string(l.Feature), Task: string(l.Task),
		UserID: l.UserID, IssuedAt: millis(l.IssuedAt),
		Compressed: devices.compressed, Chunks: len(further), Devices: devices.chunks[0],
	}
	chunks := make([]chunkRow, len(further))
	for n, data := range further {
		chunks[n] = chunkRow{key: chunkKey(l.ID, n+1), Schema: schema, ExpiresAt: head.ExpiresAt, Devices: data}
	}
	return head, chunks, nil
}

// installationKey returns the key of the launch's installation.
func (r launchRow) installationKey() installation.Key {
	return installation.Key{OrgKey: r.OrgKey, AppID: r.AppID}
}

// launch returns the launch that this head and its further chunks, in order, store.
func (r launchRow) launch(id string, further [][]byte) (launch.Launch, error) {
	devices, err := packed{compressed: r.Compressed, chunks: append([][]byte{r.Devices}, further...)}.unpack()
	if err != nil {
		return launch.Launch{}, err
	}
	return launch.Launch{
		ID: id, Key: r.installationKey(), OrgID: r.OrgID,
		Feature: webex.Feature(r.Feature), Task: webex.Task(r.Task),
		Devices: devices, UserID: r.UserID, IssuedAt: instant(r.IssuedAt),
	}, nil
}
