// Package dynamo owns the one DynamoDB table: its keys, the form of its rows,
// and the conditions that make writes safe. A [Store] keeps installations and
// candidates for packages lifecycle and schedule, and what packages integration,
// invitation, channel, launch and vendorapi store. It takes no decisions about them, opens
// no sealed token or secret, reads no clock and calls only DynamoDB.
//
// # Rows
//
//	pk                 sk              holds
//	org#<orgKey>#<appId>  candidate#<id>  an unproven candidate
//	org#<orgKey>#<appId>  installation    the installation, or its tombstone
//	org#<orgKey>#<appId>  used#<digest>   the mark that a token was applied
//	refusals#<client>     refusals        organizations refused in a row, see installation.Refusals
//	integrations          <appId>#<orgKey>  a registered integration, orgKey empty for any, see integration.Integration
//	channels              current         which revision of the channels is current, see channel.Current
//	channels              revision#<n>    a revision of the channels, see channel.Revision
//	invitations           <id>            an invitation, see invitation.Invitation
//	pass#<shard>          pass            how far the verification of a shard has come, see installation.Pass
//	requests#<caller>     <minute>        how many requests of the vendor API a caller made in that minute
//	launch#<id>           launch          a cross-launch and the head of its devices
//	launch#<id>#<n>       chunk           the n-th further chunk of its devices
//
// [Store.Find] reads the sort keys up to "installation" in one query; the marks, of
// which there may be many, sort after it. Chunks have partition keys of their own,
// so that a long list makes no hot partition. The prefixes keep organizations'
// keys apart from the rest: such a key may hold any character, "#" included, since an
// app id holds none, and is what follows the last one.
//
// The index "due" (shard, dueAt, keys only) holds the rows that are due by themselves.
// The index "shards" (shard, pk, keys only) lists the installations of a shard in the
// order of their keys, for passes, and those of one organization. A verification that
// finds everything in order writes to neither.
//
// # Device lists
//
// A launch's list is stored as JSON, cut into chunks, and compressed only where
// it exceeds one transaction otherwise. Measured on 2 cores: 10,000 devices with
// ids of 67 and names of 17 bytes are 0.9 MB, written in 1.2 ms and read in 6;
// with random ids of 512 bytes, 3.9 MB in 26 ms and 54. Front coding (dropping common
// prefixes) would halve the first, and is not worth its 90 lines for the few lists
// that are so long.
//
// # Writes
//
// A row is written whole, on the condition that its version is the one that was
// read. A version restarts only when a tombstone has expired, after a week at least:
// longer than any worker lives, so that no worker sees one version twice, and longer
// than an event, which vendors order by version, can be late.
//
// An installation's row carries a notice if the vendor gets an event for the write,
// and for that write only: the table's stream delivers it.
//
// # Versions
//
// During a rollout two versions work on the same rows, each on what the other wrote.
// So a version only adds attributes at the top level of a row, whose absence means
// what the previous version did. A version that does not know them carries them along
// and writes them back, except in tombstones and new activations, which start empty.
// A change that would not survive that raises the schema number that each row
// carries: a row with a higher number is neither read nor claimed nor written, so
// requests that need it fail until the rollout is over, and due work stays due. Rows
// with lower numbers are read.
//
// # Time
//
// Times are stored in milliseconds, rounded down; expiresAt in whole seconds, as
// DynamoDB's time to live requires, rounded up. DynamoDB deletes expired rows days
// late, so every read and every condition compares expiresAt with the time it is
// given: an expired row counts as deleted.
//
// # Lost replies
//
// The SDK repeats a request whose reply was lost, and the condition of the repetition
// then fails because of what the first one wrote. [writeRow], and the owner of a
// lease, tell that case from a conflict with another worker; deleteHead is a
// transaction for the same reason.
package dynamo
