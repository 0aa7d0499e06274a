----------------------------- MODULE Properties -----------------------------
(* What holds. crates/sim checks the same by the same names on the real code.  *)
EXTENDS Call

(* Whom a false Welcome led astray finds out and arrives anew; nothing is promised of it until then. *)
Steady == Honest \ misled
InGroup(c) == state[c] # NoState
(* Who is shown the same log. With an honest server that is everyone. *)
SameView(c, d) == view[c] = view[d]

(* ---- Safety ---- *)

(* Whoever has read as much of the log holds what the log says, and nothing else. *)
InStep == \A c \in Steady : InGroup(c) => state[c] = Truth(view[c], read[c])

(* Members at the same epoch of the same group hold the same state. *)
Agreement == \A c, d \in Steady :
    (InGroup(c) /\ InGroup(d) /\ SameView(c, d)) =>
        (state[c].group = state[d].group /\ state[c].epoch = state[d].epoch => state[c] = state[d])

(* No two accepted successors of one epoch. *)
OneSuccessor == \A v \in Views :
    LET held == UNION {Ancestors(state[c]) : c \in {d \in Steady : view[d] = v}}
    IN \A x, y \in held : x.base = y.base /\ x.base # NoState => x = y

(* A commit is merged only when it is accepted. *)
MergedWhenAccepted == \A c \in Steady :
    InGroup(c) => \E i \in 1..read[c] :
        Log(c)[i].type \in {"founded", "committed"} /\ Log(c)[i].commit = state[c]

(* Whoever is removed never holds a later epoch's key. *)
RemovedKnowNothing == \A c \in Steady :
    \A x \in Ancestors(state[c]) : \A r \in x.removes : ~Knows(r, state[c])

(* Nobody without an admission signature is ever in a group of honest members. *)
OnlyAdmitted == \A c \in Honest : InGroup(c) => state[c].members \subseteq 1..Clients

(* No client that departed commits: whoever made the commit that c went on by was present then. *)
DepartedNeverCommit == \A c \in Steady : InGroup(c) =>
    began[c] # 0 /\ Log(c)[began[c]].client \in Present(SubSeq(Log(c), 1, began[c] - 1))

(* What an honest member posts and the server accepts, the members accept. *)
HonestWorkCounts == \A v \in Views : \A i \in At(log[v], "committed") :
    log[v][i].client \in Steady => chain[v][i] = i

(* What a client computes from its snapshot and the entries after it is what the whole log says: who is present, who has *)
(* entered, which group and parent there are, and whether the entry that it read last counts. (Earlier ones were the last  *)
(* one before.)                                                                                                           *)
SnapshotSuffices == \A c \in Honest : run[c] # "gone" =>
    LET L == Read(c)
        n == Len(L)
        a == ArrivedAt(L, c)
        kept == Kept(L, a, n)
        last == IF n > 1 THEN chain[view[c]][n - 1] ELSE 0
        s == Truth(view[c], n - 1)
    IN  /\ kept.parent = Parent(L) /\ kept.group = Group(L)
        /\ kept.present = Present(L) /\ kept.entered = EnteredGroup(L) \cap Present(L)
        \* Who joined after its snapshot holds a state that began after it.
        /\ (L[n].type = "committed" /\ last > a) => Valid(L, n, s, last) = ValidByKept(Kept(L, a, n - 1), L[n], s, last)

(* A commit that breaks a rule is skipped: it moves no founder. (Whoever was welcomed may be misled, and has to doubt.) *)
FoundersStay == [][\A c \in Steady :
    LET i == read[c] + 1 IN
    (/\ InGroup(c) /\ state[c].group[2] = c /\ i <= Len(Log(c)) /\ read'[c] = i
     /\ Log(c)[i].type = "committed" /\ state'[c] # state[c]) => chain[view[c]][i] = i]_vars

(* No alarm without an attack: among honest clients no commit throws anybody out, but who is removed by it. *)
NoFalseAlarm == [][Evil = {} => \A c \in Honest :
    LET i == read[c] + 1 IN
    (/\ InGroup(c) /\ i <= Len(Log(c)) /\ read'[c] = i /\ run'[c] = "gone" /\ Log(c)[i].type = "committed")
        => c \in Log(c)[i].commit.removes]_vars

(* ---- Liveness, if every client does what it can do, the network delivers, and whoever is silent is taken out; *)
(* a frozen client need not wake, and an insider need do nothing. ---- *)

(* Of each kind of step, some client's is taken; which client's is open. *)
Fair ==
    /\ WF_vars(\E p \in Person \ Evil, v \in Views : Arrive(p, v))
    /\ WF_vars(\E c \in Honest : ReadEntry(c))
    /\ WF_vars(\E c \in Honest : (PostFound(c) /\ UNCHANGED left) \/ PostWork(c))
    /\ WF_vars(\E c \in Honest : Resume(c) \/ HearOfDeparture(c) \/ HearRefusal(c))
    /\ WF_vars(\E c \in Known : TakePost(c) \/ RefusePost(c) \/ TakeEnter(c) \/ (run[c] # "on" /\ Depart(c)))

Frozen(p) == \E c \in Known : owner[c] = p /\ run[c] = "frozen"
IsIn(c) == On(c) /\ InGroup(c) /\ IsPresent(c) /\ c \in EnteredGroup(Log(c))
(* No client is left to arrive as: a bound of the model, not of the room. *)
Exhausted(p) == Len(owner) = Clients /\ ~HasClient(p)
(* Responsive, as far as the person goes. *)
Active(p) == p \notin away \union Evil /\ ~Frozen(p) /\ ~Exhausted(p)
InCall(p) == \E c \in Known : owner[c] = p /\ IsIn(c)
NoGhost(c) == IsIn(c) => state[c].members \subseteq Present(Log(c))

(* Nothing is left to do. Where nothing can be done although something is left, TLC reports a deadlock. *)
AtRest == (\A p \in Person : Active(p) => InCall(p)) /\ (\A c \in Honest : NoGhost(c))
Rest == AtRest /\ UNCHANGED vars /\ Did(<<>>)

Spec == Init /\ [][NextHonest \/ Rest]_<<vars, did>> /\ Fair

(* Every client that stays present and responsive becomes a member. *)
EveryoneGetsIn == <>[](\A p \in Person : Active(p) => InCall(p))

(* The same, and that of the gone, at a state from which honest clients and an honest server have no step to take: there it *)
(* can never come true. For deliberate mistakes that end in such a state.                                               *)
EveryoneGetsInAtRest == ENABLED NextHonest \/ \A p \in Person : Active(p) => InCall(p)
TheGoneAreRemovedAtRest == ENABLED NextHonest \/ \A c \in Honest : NoGhost(c)

(* All of them are in one group, in the same state. *)
OneGroup == <>[](\A c, d \in Honest : IsIn(c) /\ IsIn(d) => state[c] = state[d])

(* Every departed member is removed. *)
TheGoneAreRemoved == <>[](\A c \in Honest : NoGhost(c))

(* The next three follow from EveryoneGetsIn, and are checked by themselves in the smallest runs. *)

(* A frozen committer blocks nobody. *)
SomeoneFrozen == \E q \in Person : Frozen(q)
FrozenBlocksNobody == \A p \in Person :
    SomeoneFrozen /\ Active(p) ~> InCall(p) \/ ~SomeoneFrozen \/ ~Active(p)

(* A dead room is founded anew. *)
EnteredAfter(L, f) ==
    {L[i].client : i \in {j \in At(L, "entered") : j > f}} \union {L[i].client : i \in {j \in At(L, "founded") : j >= f}}
DeadRoom(v) ==
    /\ \E p \in Person : Active(p)
    /\ Present(log[v]) \cap EnteredAfter(log[v], FoundedAt(log[v])) = {}
DeadRoomIsFounded == \A v \in Views : DeadRoom(v) ~> ~DeadRoom(v)

(* Whoever wakes, comes back or arrives anew is in again. *)
WhoWakesIsIn == \A p \in Person : Active(p) ~> InCall(p) \/ ~Active(p)
=============================================================================
