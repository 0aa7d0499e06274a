-------------------------------- MODULE Log --------------------------------
(* The log of a room, and what everyone computes from a prefix of it.          *)
(* Rust: tangelo_wire::Entry, tangelo_delivery::Room, tangelo_e2ee::Presence.  *)
(* Messages and host statements are left out: they change nothing of this.     *)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS
    NoState,   \* no group, no commit, no Welcome
    Clients,   \* how many clients arrive at most: they are 1..Clients. Greater numbers are ghosts, see Admissible
    Mistake    \* the deliberate mistakes that are switched on (mistakes.txt); {} for the design

Maximum(S) == IF S = {} THEN 0 ELSE CHOOSE n \in S : \A m \in S : m <= n

Arrived(c) == [type |-> "arrived", client |-> c]
Departed(c) == [type |-> "departed", client |-> c]
Founded(c, parent, commit) == [type |-> "founded", client |-> c, parent |-> parent, commit |-> commit]
Committed(c, parent, adds, commit, welcome) ==
    [type |-> "committed", client |-> c, parent |-> parent, adds |-> adds, commit |-> commit, welcome |-> welcome]
Entered(c) == [type |-> "entered", client |-> c]

At(L, type) == {i \in 1..Len(L) : L[i].type = type}
ArrivedAt(L, c) == Maximum({i \in At(L, "arrived") : L[i].client = c})
DepartedAt(L, c) == Maximum({i \in At(L, "departed") : L[i].client = c})

(* Who is present. *)
Present(L) == {L[i].client : i \in At(L, "arrived")} \ {L[i].client : i \in At(L, "departed")}

(* Whose papers every member accepts. A ghost has no admission signature of the room, or a key package that breaks a *)
(* rule: the papers go with the leaf, so everyone can tell. Rust: Candidate::check                                   *)
Admissible(c) == c <= Clients \/ "no_admission" \in Mistake

(* The last `Founded` or `Committed`, skipped ones included: what compare-and-swap compares. *)
Parent(L) == Maximum(At(L, "founded") \union At(L, "committed"))
FoundedAt(L) == Maximum(At(L, "founded"))

(* The room's current group. *)
Group(L) == IF FoundedAt(L) = 0 THEN NoState ELSE L[FoundedAt(L)].commit.group

(* Who founded or entered the current group. *)
EnteredGroup(L) ==
    LET f == IF "entered_outlives_group" \in Mistake THEN 0 ELSE FoundedAt(L)
    IN {L[i].client : i \in {j \in At(L, "entered") : j > f}}
       \union {L[i].client : i \in {j \in At(L, "founded") : j >= f}}

(* The commits of the current group that named c. *)
NamedAt(L, c) == {i \in At(L, "committed") : i > FoundedAt(L) /\ c \in L[i].adds}

(* ---- Snapshots. A newcomer is shown no entry before its arrival, but what they came to. The other modules compute from *)
(* the whole log; SnapshotSuffices says that it makes no difference. Left out of a snapshot, as of the log: what members *)
(* compare (the log's hash, see Alarm), host statements, and what the SFU needs.                                         *)

(* Rust: ServerMessage::Snapshot, Room::presence *)
Snapshot(L) ==
    [parent |-> Parent(L), group |-> Group(L), present |-> Present(L),
     entered |-> IF "snapshot_without_entered" \in Mistake THEN {} ELSE EnteredGroup(L) \cap Present(L),
     departed |-> {}]

(* What its client makes of entry i. `departed` is who has departed since, and when: rule 8 looks back to the last commit. *)
(* Rust: tangelo_e2ee::Presence, Attendee::apply                                                                           *)
After(facts, i, e) ==
    CASE e.type = "arrived" -> [facts EXCEPT !.present = @ \union {e.client}]
      [] e.type = "departed" -> [facts EXCEPT !.present = @ \ {e.client}, !.entered = @ \ {e.client},
                                              !.departed = @ \union {<<e.client, i>>}]
      [] e.type = "founded" -> [facts EXCEPT !.parent = i, !.group = e.commit.group, !.entered = {e.client}]
      [] e.type = "committed" -> [facts EXCEPT !.parent = i]
      [] e.type = "entered" -> [facts EXCEPT !.entered = @ \union {e.client}]

(* After n entries, for whom entry a was the own arrival. *)
RECURSIVE Kept(_, _, _)
Kept(L, a, n) == IF n = a THEN Snapshot(SubSeq(L, 1, a)) ELSE After(Kept(L, a, n - 1), n, L[n])
=============================================================================
