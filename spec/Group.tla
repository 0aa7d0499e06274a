------------------------------- MODULE Group -------------------------------
(* MLS as the model sees it. A state of the group is the commit that led to it,  *)
(* with everything before it: two different commits for one epoch are different, *)
(* and who holds a state holds its keys. Rust: tangelo_e2ee::group.              *)
EXTENDS Log

(* Rust: Group::found *)
Founding(c, parent) ==
    [group |-> <<parent, c>>, epoch |-> 0, base |-> NoState, author |-> c, adds |-> {}, removes |-> {},
     path |-> FALSE, members |-> {c}, poison |-> {}, id |-> 0]

(* `id` tells commits of one author apart that are alike in everything else: made twice, a commit has other secrets. *)
(* `poison`: the members whose path ciphertext is nonsense. Rust: Group::commit                                     *)
Commit(s, c, id, adds, removes, path, poison) ==
    [group |-> s.group, epoch |-> s.epoch + 1, base |-> s, author |-> c, adds |-> adds, removes |-> removes,
     path |-> path, members |-> (s.members \ removes) \union adds, poison |-> poison, id |-> id]

(* The rules of docs/validation.md that the model can tell apart, for entry i of L by a member in state s, whose *)
(* epoch began with entry `began`. They depend on log and state alone. Rust: Group::frame, Group::judge          *)
Valid(L, i, s, began) ==
    LET e == L[i]
        before == SubSeq(L, 1, i - 1)
    IN  /\ e.commit # NoState
        /\ e.commit.base = s                                                        \* rules 1 and 4
        /\ e.client = e.commit.author /\ e.client \in s.members                     \* rule 2
        /\ "departed_may_commit" \in Mistake \/ e.client \in Present(before)        \* rule 3
        /\ e.adds = e.commit.adds                                                   \* rule 6
        /\ \A a \in e.adds :
             /\ ArrivedAt(before, a) # 0                                            \* rule 7
             /\ DepartedAt(before, a) = 0 \/ DepartedAt(before, a) >= began         \* rule 8
             /\ "presence_at_entry" \in Mistake => DepartedAt(before, a) = 0
             /\ "presence_at_parent" \in Mistake => ArrivedAt(before, a) <= began
             /\ Admissible(a)                                                       \* rules 9 and 32
             /\ a \notin s.members                                                  \* rule 10
        /\ \A r \in e.commit.removes : r \in s.members /\ DepartedAt(before, r) # 0  \* rule 11
        /\ e.commit.removes # {} => e.commit.path \/ "remove_without_path" \in Mistake  \* RFC 9420, 12.4

(* The same rules by what a client has kept since its snapshot, for an entry that comes after it. *)
ValidByKept(facts, e, s, began) ==
    /\ e.commit # NoState
    /\ e.commit.base = s
    /\ e.client = e.commit.author /\ e.client \in s.members
    /\ e.client \in facts.present
    /\ e.adds = e.commit.adds
    /\ \A a \in e.adds :
         /\ a \in facts.present \/ \E gone \in facts.departed : gone[1] = a /\ gone[2] >= began
         /\ Admissible(a)
         /\ a \notin s.members
    /\ \A r \in e.commit.removes : r \in s.members /\ r \notin facts.present
    /\ e.commit.removes # {} => e.commit.path

(* Whether a client may enter by this entry. Rust: Group::join *)
Usable(L, i, c) ==
    LET e == L[i] IN
    /\ e.welcome # NoState
    /\ e.welcome.group = Group(L)                                                   \* rule 41
    /\ e.welcome = e.commit                                                         \* rule 43
    /\ e.client = e.welcome.author /\ e.client \in e.welcome.members                \* rule 44
    /\ e.adds = e.commit.adds                                                       \* rule 47
    /\ c \in e.welcome.members
    /\ \A m \in e.welcome.members : Admissible(m)                                   \* rule 45

RECURSIVE Ancestors(_)
Ancestors(s) == IF s = NoState THEN {} ELSE {s} \union Ancestors(s.base)

(* Whether c can compute the keys of s: as a member, or, where no path renewed them, from the keys before. *)
RECURSIVE Knows(_, _)
Knows(c, s) ==
    s # NoState /\ (c \in s.members \/ (~s.path /\ Knows(c, s.base)))
=============================================================================
