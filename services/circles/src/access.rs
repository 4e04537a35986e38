//! Required access and quota of every method. A method without a row cannot be called.

use kith_kernel::{
    MethodPolicy, Quota,
    RequiredAccess::{ActiveMember, Member},
};

/// One row for each method.
pub const METHOD_POLICIES: &[MethodPolicy] = &[
    MethodPolicy::new("/kith.circles.v1.CircleService/CreateCircle", ActiveMember, Quota::per_hour(10)),
    MethodPolicy::new("/kith.circles.v1.CircleService/GetCircle", Member, Quota::per_minute(300)),
    MethodPolicy::new("/kith.circles.v1.CircleService/UpdateCircle", ActiveMember, Quota::per_minute(30)),
    MethodPolicy::new("/kith.circles.v1.CircleService/ArchiveCircle", Member, Quota::per_minute(30)),
    MethodPolicy::new("/kith.circles.v1.CircleService/ListCircles", Member, Quota::per_minute(120)),
    // The quota limits searching for a person by joining many circles.
    MethodPolicy::new("/kith.circles.v1.CircleService/JoinCircle", Member, Quota::per_hour(60)),
    MethodPolicy::new("/kith.circles.v1.CircleService/LeaveCircle", Member, Quota::per_minute(60)),
    MethodPolicy::new("/kith.circles.v1.CircleService/ListCircleMembers", Member, Quota::per_minute(120)),
    MethodPolicy::new("/kith.circles.v1.CircleService/UpdateMemberRole", Member, Quota::per_minute(60)),
    MethodPolicy::new("/kith.circles.v1.CircleService/RemoveMember", Member, Quota::per_minute(60)),
    MethodPolicy::new("/kith.circles.v1.CircleService/BanMember", Member, Quota::per_minute(60)),
    MethodPolicy::new("/kith.circles.v1.CircleService/UnbanMember", Member, Quota::per_minute(60)),
    MethodPolicy::new("/kith.circles.v1.CircleService/ListJoinRequests", Member, Quota::per_minute(120)),
    MethodPolicy::new("/kith.circles.v1.CircleService/DecideJoinRequest", Member, Quota::per_minute(60)),
    MethodPolicy::new("/kith.circles.v1.CircleService/CreateInvite", Member, Quota::per_hour(60)),
    MethodPolicy::new("/kith.circles.v1.CircleService/ListInvites", Member, Quota::per_minute(120)),
    MethodPolicy::new("/kith.circles.v1.CircleService/RevokeInvite", Member, Quota::per_minute(60)),
    // Invite codes cannot be guessed, and an account receives few of them.
    MethodPolicy::new("/kith.circles.v1.CircleService/AcceptInvite", Member, Quota::per_hour(60)),
    MethodPolicy::new("/kith.circles.v1.CircleService/ListCircleLog", Member, Quota::per_minute(120)),
    MethodPolicy::new("/kith.circles.v1.CircleService/GetCircleFeed", Member, Quota::per_minute(300)),
];
