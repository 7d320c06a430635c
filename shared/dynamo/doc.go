// Package dynamo owns the one DynamoDB table: its keys, the form of its rows,
// and the conditions that make writes safe. A [Store] keeps installations and
// candidates for package lifecycle and launches for package launch; it decides
// nothing about them, opens no sealed token, reads no clock and talks to
// nothing but DynamoDB.
//
// # Rows
//
//	pk                 sk              holds
//	org#<orgKey>       candidate#<id>  an unproven candidate
//	org#<orgKey>       installation    the installation, or its tombstone
//	org#<orgKey>       used#<digest>   the mark that a token was applied
//	refusals#<client>  refusals        organizations refused in a row, see installation.Refusals
//	launch#<id>        launch          a cross-launch and the head of its devices
//	launch#<id>#<n>    chunk           the n-th further chunk of its devices
//
// Up to "installation" the sort keys are what [Store.Find] reads in one query;
// the marks, of which there may be many, sort after it. Chunks have partition
// keys of their own, so that a long list does not heat one partition. The two
// prefixes keep what organizations name themselves apart from launches: an
// organization's key may hold any character, "#" included, since it is all
// that follows the prefix and nothing is ever parsed out of it.
//
// The index "due" (shard, dueAt, keys only) is the queue of work: a row is in
// it just while it has both attributes.
//
// # Device lists
//
// A launch's list is stored as JSON, cut into chunks, and compressed only where
// it exceeds one transaction otherwise. Measured on 2 cores: 10,000 devices with
// ids of 67 and names of 17 bytes are 0.9 MB, written in 1.2 ms and read in 6;
// with random ids of 512 bytes, 3.9 MB in 26 ms and 54. Front coding, 90 lines of
// our own, had halved the first; the write units of so long a list are not worth
// them.
//
// # Writes
//
// A row is written whole, on the condition that its version is the one that
// was read. A version restarts only when a tombstone's time is over, a week at
// least: longer than any worker lives, so that it never means two things to one
// worker, and than an event can be late, by which the vendor orders them.
//
// An installation's row carries a notice, if what wrote it is to be told to the
// vendor, for that write only: the table's stream delivers it.
//
// # Versions
//
// During a rollout two versions work on the same rows, each on what the other
// wrote. So a version only adds: attributes at the top level of a row, whose
// absence means what the version before did. One that does not know them yet
// carries them along and writes them back, but for a tombstone and a new
// activation, which begin anew. A change that the version before would break by
// that raises the number of the schema that each row carries: a row of a higher
// one is neither read nor claimed nor written, so what needs it fails until the
// rollout is over, and what is due stays due. Rows of lower numbers are read.
//
// # Time
//
// Times are kept in milliseconds, the fractions dropped; expiresAt in whole
// seconds, as DynamoDB's time to live demands, rounded up. DynamoDB deletes
// late, by days even, so every read and every condition compares expiresAt
// with the time that it is given: what is past counts as gone.
package dynamo
