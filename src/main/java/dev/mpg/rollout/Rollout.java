package dev.mpg.rollout;

/**
 * How a version reaches a fleet in waves, and what takes it back. Level-triggered: called with all that is seen, as often as
 * one likes, it says who should run what. Pure; thread-safe.
 *
 * <h2>What always holds</h2>
 *
 * <ol>
 *   <li>A version that isn't stable is given to the cohort only, and the cohort is at most the wave's share of the fleet
 *       (rounded up, at least 1) as it was when the wave opened, and less when the fleet shrinks. Gateways that come later,
 *       or leave the fleet and come back, get stable until the next wave opens or the rollout is complete.
 *   <li>A wave opens only when every gateway of the cohort runs the target by its own report, and has done so without
 *       interruption for the bake time, and when its traffic was judged, if that is asked for. No clock makes up for an ACK. A
 *       clock put back makes the bake begin anew.
 *   <li>A gateway of the cohort that is not connected neither ACKs nor times out: the wave waits for it. One that no longer
 *       exists is not waited for. A cohort of which nobody is left is picked anew, by rank; otherwise lost gateways are not
 *       replaced, so that a version that kills gateways does not work its way through the fleet.
 *   <li>A wave smaller than the fleet opens only when as many gateways are connected as it takes. The wave of the whole fleet
 *       takes those, too, that aren't connected; so it doesn't complete without them, unless promoted.
 *   <li>The target fails when a gateway refuses it, when one of the cohort that was sent it has not ACKed for the policy's
 *       timeout, when the analysis finds a regression in the open wave, or when it's aborted; also while paused. Only what
 *       was said in answer to the open wave counts: not what gateways say of other versions, nor a refusal that stood before
 *       the wave opened (its gateway has the timeout to say something else), nor a regression of another wave.
 *   <li>A version that failed is marked, and never served, until the mark goes. Marks go when the Proxy completes any other
 *       version, be it that the spec goes back to stable and everybody is there; and the target's mark when somebody resumes
 *       or promotes it. Applying the same content again, an edit of the policy, and a restart of the operator leave it. With
 *       {@link OnFailure#Pause} the frozen cohort keeps the version; the mark is made when it's aborted or replaced.
 *   <li>When the spec goes back to stable, or on to another version, the cohort goes back to stable at once, without waiting
 *       for anything. A new target begins with step 0, and a cohort of its own.
 *   <li>The first version of all goes to everybody at once: nobody runs anything that could be worse. Pauses don't hold it,
 *       it can't be aborted, and when it fails it is left as it is. It's stable once every gateway ACKed it.
 *   <li>Where there are no gateways there's nobody to protect: the first version is stable at once, a later one when there
 *       has been no gateway for the ACK timeout. A wave that had gateways and lost them all waits for some to come.
 *   <li>While not every proxy instance has reported, nobody is taken for gone, no wave opens and nothing completes; failures
 *       of those that are reported are found.
 *   <li>Deciding again on the same observation changes nothing and tells nothing.
 * </ol>
 *
 * <h2>Phases</h2>
 *
 * The phase is not stored; it follows from the rest of the state. Columns are what is seen. {@code ·}: nothing changes.
 *
 * <table>
 *   <caption>What an event makes of a phase</caption>
 *   <tr><th>Phase</th><th>cohort ACKed, baked</th><th>failure</th><th>another version desired</th>
 *       <th>stable desired</th><th>Abort</th><th>Pause</th><th>Resume</th><th>Promote</th></tr>
 *   <tr><td>Pending</td><td>·</td><td>·</td><td>Progressing, everybody</td><td>·</td><td>·</td><td>later targets wait</td>
 *       <td>unpause</td><td>·</td></tr>
 *   <tr><td>Progressing</td><td>next wave; after the last Complete</td><td>RollingBack, or Paused by the policy</td>
 *       <td>Progressing, step 0</td><td>RollingBack</td><td>RollingBack</td><td>Paused</td><td>·</td>
 *       <td>everybody; Complete when they ACKed</td></tr>
 *   <tr><td>Progressing, first version</td><td>Complete (no bake)</td><td>Failed</td><td>Progressing, everybody</td>
 *       <td>·</td><td>·</td><td>later targets wait</td><td>unpause</td><td>Complete without waiting for the unconnected</td></tr>
 *   <tr><td>Failed</td><td>Complete</td><td>·</td><td>Progressing, everybody</td><td>·</td><td>·</td>
 *       <td>later targets wait</td><td>Progressing, once more</td><td>Progressing, promoted</td></tr>
 *   <tr><td>Paused, asked for</td><td>·</td><td>as Progressing</td><td>Paused, nobody has it</td><td>RollingBack</td>
 *       <td>RollingBack</td><td>·</td><td>Progressing</td><td>everybody</td></tr>
 *   <tr><td>Paused, failed</td><td>·</td><td>·</td><td>Progressing, step 0; the failed one is marked</td>
 *       <td>RollingBack</td><td>RollingBack</td><td>Paused, also by somebody</td>
 *       <td>Progressing, the same wave once more</td><td>everybody</td></tr>
 *   <tr><td>RollingBack</td><td>RolledBack, or Complete if stable is desired, when all have ACKed stable</td><td>·</td>
 *       <td>Progressing, step 0</td><td>RollingBack, to Complete</td><td>·</td><td>later targets wait</td>
 *       <td>a failed target: Progressing, step 0</td><td>a failed target: everybody</td></tr>
 *   <tr><td>RolledBack</td><td>·</td><td>·</td><td>Progressing, step 0; RolledBack if marked</td>
 *       <td>Complete, marks go</td><td>·</td><td>later targets wait</td><td>Progressing, step 0</td><td>everybody</td></tr>
 *   <tr><td>Complete</td><td>·</td><td>·</td><td>Progressing, step 0; Paused if so asked</td><td>·</td><td>·</td>
 *       <td>later targets wait</td><td>unpause</td><td>·</td></tr>
 * </table>
 */
public final class Rollout {
    private Rollout() {}

    /** What follows from {@code seen} for a rollout that has come as far as {@code state}. */
    public static Decision decide(RolloutState state, RolloutPolicy policy, Observation seen) {
        return new Deliberation(state, policy, seen).decide();
    }
}
