-- Boards handed out. One row a team and member. work_points: the tariff of a board for each.
select
    team_id,
    member_id,
    sum(boards) as numerator,
    count(*) as denominator,
    sum(boards) * :tariff_board as work_points
from board_dispatches
group by team_id, member_id
